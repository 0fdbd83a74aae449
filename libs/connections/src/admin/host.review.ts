import { Injectable } from '@nestjs/common';
import type { Transaction } from '@app/database';
import { type Host, mergeSettings, ProviderRegistry, type Settings } from '@app/providers';
import type { CheckedProvider } from './connection.check.js';
import { type ConnectionHosts, ConnectionHostsRepository, type StoredMark } from './connection-hosts.repository.js';
import type { ConnectionRecord } from './connection-record.js';
import {
  CONFIRMED,
  type HostMark,
  isConfirmedWith,
  isMarked,
  markConnection,
  markProvider,
  type Standing,
} from './hosts.js';
import type { ProviderRecord } from './provider-record.js';

/** What tells where a provider's secrets go. */
export interface ProviderLevel {
  readonly type: string;
  readonly settings: Settings;
  readonly secretFields: readonly string[];
}

/** What a change of a connection brings: its own secrets by name, and whether it names the connection as a whole. */
export interface BroughtFields {
  readonly settings: Settings;
  readonly credentialFields: readonly string[];
  readonly brought: readonly string[];
  readonly whole: boolean;
}

/** The marks that a change of a provider leaves. */
export interface ProviderReview {
  readonly mark: HostMark;
  readonly connections: readonly StoredMark[];
}

/** Tells which hosts an administrative change sends secrets to that nobody confirmed: whoever edits a URL must not harvest them. */
@Injectable()
export class HostReview {
  constructor(private readonly registry: ProviderRegistry) {}

  /** The mark of a connection after it is created or changed. */
  ofConnection(
    { type, level }: CheckedProvider,
    before: ConnectionRecord | undefined,
    change: BroughtFields,
  ): HostMark {
    const secretFields = Object.keys(level.secrets);
    const standing = (settings: Settings, own: readonly string[]): Standing => ({
      hosts: type.hosts(mergeSettings(level.settings, settings)),
      own,
      shared: secretFields.filter((name) => !own.includes(name)),
    });
    const stood = before && standing(before.settings, before.credentialFields);
    const after = standing(change.settings, change.credentialFields);
    const names = change.whole || !isSame(stood?.hosts ?? [], after.hosts);
    return markConnection({
      before: stood,
      mark: before?.hosts ?? CONFIRMED,
      after,
      provider: { hosts: type.hosts(level.settings), mark: level.hosts },
      brought: { own: names && after.own.every((name) => change.brought.includes(name)), shared: [] },
    });
  }

  /**
   * The marks of a provider and its connections after it is changed; the connections stay locked until the transaction ends.
   * @param brought names of the secrets that the change brings; `whole` where it replaces everything.
   */
  async ofProvider(
    transaction: Transaction,
    before: ProviderRecord,
    after: ProviderLevel,
    { brought, whole }: Pick<BroughtFields, 'brought' | 'whole'>,
  ): Promise<ProviderReview> {
    const connections = await new ConnectionHostsRepository(transaction).listLocked(before.name);
    const hosts = { before: this.#hosts(before, {}), after: this.#hosts(after, {}) };
    const known = whole || !isSame(hosts.before, hosts.after) ? brought : [];
    const change = { before: hosts.before, mark: before.hosts, after: hosts.after };
    const mark = markProvider({ ...change, keeps: true });
    const marks = connections.map((connection) => ({
      id: connection.id,
      was: connection.mark,
      mark: markConnection({
        before: this.#standing(before, connection),
        mark: connection.mark,
        after: this.#standing(after, connection),
        provider: { hosts: hosts.after, mark },
        brought: { own: false, shared: known },
      }),
    }));
    const keeps =
      after.secretFields.some((name) => !known.includes(name)) || marks.some((connection) => isMarked(connection.mark));
    return {
      mark: markProvider({ ...change, keeps }),
      connections: marks.filter(({ was, mark: now }) => isMarked(was) || isMarked(now)),
    };
  }

  /** The marks that go when an administrator confirms the provider's hosts; connections with hosts of their own keep theirs. */
  async confirmed(transaction: Transaction, provider: ProviderRecord): Promise<readonly StoredMark[]> {
    const hosts = this.#hosts(provider, {});
    const connections = await new ConnectionHostsRepository(transaction).listLocked(provider.name);
    return connections
      .filter(({ mark }) => isMarked(mark) && isConfirmedWith(mark, hosts))
      .map(({ id }) => ({ id, mark: CONFIRMED }));
  }

  #standing(provider: ProviderLevel, { settings, credentialFields: own }: ConnectionHosts): Standing {
    const shared = provider.secretFields.filter((name) => !own.includes(name));
    return { hosts: this.#hosts(provider, settings), own, shared };
  }

  /** None of a type that this version does not know: nothing can be sent for it. */
  #hosts({ type, settings }: Pick<ProviderLevel, 'type' | 'settings'>, own: Settings): readonly Host[] {
    return this.registry.find(type)?.hosts(mergeSettings(settings, own)) ?? [];
  }
}

const isSame = (one: readonly Host[], other: readonly Host[]): boolean =>
  one.length === other.length && one.every((host) => other.includes(host));
