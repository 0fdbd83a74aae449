import { Injectable } from '@nestjs/common';
import { type AuditOrigin, type Change, RecordedChanges } from '@app/audit';
import {
  BrokerError,
  type ExpectedVersion,
  keyOfCursor,
  NAME_PATTERN,
  type Page,
  type PageRequest,
  requireVersion,
  toPage,
} from '@app/common';
import { Envelopes } from '@app/crypto';
import type { Transaction } from '@app/database';
import { checkChanges, checkFields, ProviderRegistry } from '@app/providers';
import { HOST_UNCONFIRMED } from '../shown-state.js';
import { isNothing, mergeFields, mergeSecrets, namesOf, refuse, secretsOf } from './fields.js';
import { ConnectionHostsRepository } from './connection-hosts.repository.js';
import { HostReview } from './host.review.js';
import { CONFIRMED, isMarked } from './hosts.js';
import { noSuchProvider, type ProviderChanges, type ProviderInput, type ProviderRecord } from './provider-record.js';
import { type ProviderFields, ProvidersRepository } from './providers.repository.js';

/** A provider that is about to be stored, and which of its secrets the change brings. */
interface Saving {
  readonly name: string;
  readonly before: ProviderRecord | undefined;
  readonly fields: Omit<ProviderFields, 'hosts'>;
  readonly brought: object;
  readonly whole: boolean;
}

const GROUPS = { settings: 'settings', secrets: 'secrets' } as const;

/**
 * Configured providers as an administrator sees them. `expected` is the version that the author has seen: `precondition_failed`
 * where the provider is at another.
 */
@Injectable()
export class ProviderService {
  constructor(
    private readonly changes: RecordedChanges,
    private readonly registry: ProviderRegistry,
    private readonly hosts: HostReview,
    private readonly envelopes: Envelopes,
  ) {}

  /** By name. */
  list({ limit, cursor }: PageRequest): Promise<Page<ProviderRecord>> {
    const after = cursor === undefined ? undefined : keyOfCursor(cursor, NAME_PATTERN);
    return this.changes.read(async (transaction) =>
      toPage(await this.#table(transaction).listAfter(after, limit + 1), limit, ({ name }) => name),
    );
  }

  /** @throws BrokerError `not_found`. */
  require(name: string): Promise<ProviderRecord> {
    return this.changes.read(async (transaction) => requirePresent(name, await this.#table(transaction).find(name)));
  }

  /** Creates or replaces. @throws BrokerError `invalid_request` with every refused field, `conflict` where the type cannot change. */
  put(
    origin: AuditOrigin,
    name: string,
    input: ProviderInput,
    expected?: ExpectedVersion,
  ): Promise<{ readonly provider: ProviderRecord; readonly created: boolean }> {
    const type = this.registry.require(input.type);
    refuse(checkFields(type, input, GROUPS));
    return this.changes.change(origin, 'any', async (transaction, now) => {
      const table = this.#table(transaction);
      const before = await table.find(name);
      requireVersion(`The provider ${name}`, before, expected);
      if (before !== undefined && before.type !== input.type && (await table.hasConnections(name))) {
        throw typeIsFixed(before);
      }
      const fields = { type: input.type, settings: input.settings, secrets: secretsOf(input.secrets) };
      const names = ['type', ...namesOf('settings', input.settings), ...namesOf('secrets', input.secrets)];
      const saved = this.#save(transaction, { name, before, fields, brought: fields.secrets, whole: true }, names, now);
      const { result, events } = await saved;
      return { result: { provider: result, created: before === undefined }, events };
    });
  }

  /**
   * Merges. Where nothing is sent, or only removed what is not there, nothing changes.
   * @throws BrokerError `not_found`, `invalid_request`.
   */
  patch(
    origin: AuditOrigin,
    name: string,
    changes: ProviderChanges,
    expected?: ExpectedVersion,
  ): Promise<ProviderRecord> {
    return this.changes.change(origin, 'any', async (transaction, now) => {
      const table = this.#table(transaction);
      const before = requirePresent(name, await table.find(name));
      requireVersion(`The provider ${name}`, before, expected);
      refuse(checkChanges(this.registry.require(before.type), changes, GROUPS));
      const { settings, secrets } = changes;
      if (isNothing(Object.keys(before.settings), settings) && isNothing(before.secretFields, secrets)) {
        return { result: before, events: [] };
      }
      const held = requirePresent(name, await table.findFields(name));
      const names = [...namesOf('settings', settings), ...namesOf('secrets', secrets)];
      const fields = {
        type: held.type,
        settings: mergeFields(held.settings, settings),
        secrets: mergeSecrets(held.secrets, secrets),
      };
      return this.#save(transaction, { name, before, fields, brought: secrets ?? {}, whole: false }, names, now);
    });
  }

  /**
   * Lets its secrets, and those of its connections, be sent to the hosts that its settings say now; a connection with hosts of its own
   * is confirmed by itself. Where nothing waits for that, nothing changes.
   * @throws BrokerError `not_found`, `precondition_failed`.
   */
  confirmHosts(origin: AuditOrigin, name: string, expected?: ExpectedVersion): Promise<ProviderRecord> {
    return this.changes.change(origin, 'any', async (transaction, now) => {
      const table = this.#table(transaction);
      const before = requirePresent(name, await table.find(name));
      requireVersion(`The provider ${name}`, before, expected);
      const connections = await this.hosts.confirmed(transaction, before);
      if (!isMarked(before.hosts) && connections.length === 0) {
        return { result: before, events: [] };
      }
      const result = await table.confirmHosts(name, now);
      await new ConnectionHostsRepository(transaction).save(connections);
      return { result, events: [{ action: 'provider.hosts_confirmed', provider: name }] };
    });
  }

  /** @throws BrokerError `not_found`, or `conflict` while connections exist. */
  delete(origin: AuditOrigin, name: string, expected?: ExpectedVersion): Promise<void> {
    return this.changes.change(origin, 'any', async (transaction) => {
      const table = this.#table(transaction);
      requireVersion(`The provider ${name}`, requirePresent(name, await table.find(name)), expected);
      if (await table.hasConnections(name)) {
        const detail = `The provider ${name} still has connections: delete them first (GET /admin/connections?provider=${name}).`;
        throw new BrokerError('conflict', detail, { provider: name });
      }
      await table.delete(name);
      return { result: undefined, events: [{ action: 'provider.deleted', provider: name }] };
    });
  }

  /** The connections come first: whoever stores the outcome of an attempt locks its connection before its provider, too. */
  async #save(
    transaction: Transaction,
    { name, before, fields, brought, whole }: Saving,
    names: readonly string[],
    now: Date,
  ): Promise<Change<ProviderRecord>> {
    const table = this.#table(transaction);
    const level = { ...fields, secretFields: Object.keys(fields.secrets) };
    const { mark, connections } =
      before === undefined
        ? { mark: CONFIRMED, connections: [] }
        : await this.hosts.ofProvider(transaction, before, level, { brought: Object.keys(brought), whole });
    const result = await table.save(name, { ...fields, hosts: mark }, now);
    await table.reactivateConnections(name);
    await new ConnectionHostsRepository(transaction).save(connections);
    const action = before === undefined ? 'provider.created' : 'provider.updated';
    const waits = isMarked(mark) || connections.some((connection) => isMarked(connection.mark));
    return { result, events: [{ action, provider: name, ...(waits && { reason: HOST_UNCONFIRMED }), fields: names }] };
  }

  #table(transaction: Transaction): ProvidersRepository {
    return new ProvidersRepository(transaction, this.envelopes);
  }
}

function requirePresent<Found>(name: string, found: Found | undefined): Found {
  if (found === undefined) {
    throw noSuchProvider(name);
  }
  return found;
}

const typeIsFixed = ({ name, type }: ProviderRecord): BrokerError =>
  new BrokerError(
    'conflict',
    `The provider ${name} has connections of type ${type}: delete them first, or configure another provider.`,
    { provider: name },
  );
