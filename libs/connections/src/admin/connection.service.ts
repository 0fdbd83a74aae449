import { Injectable } from '@nestjs/common';
import { type AuditAction, type AuditOrigin, RecordedChanges } from '@app/audit';
import {
  type ConnectionName,
  type ExpectedVersion,
  newId,
  type Page,
  type PageRequest,
  requireVersion,
  toPage,
} from '@app/common';
import { Envelopes } from '@app/crypto';
import type { Transaction } from '@app/database';
import type { Settings } from '@app/providers';
import { HOST_UNCONFIRMED } from '../shown-state.js';
import { ConnectionAdminRepository, type ConnectionFields } from './connection-admin.repository.js';
import { type CheckedProvider, ConnectionCheck } from './connection.check.js';
import { cursorOf, placeOf } from './connection-cursor.js';
import {
  type ConnectionChanges,
  type ConnectionFilter,
  type ConnectionInput,
  type ConnectionRecord,
  noSuchConnection,
} from './connection-record.js';
import { isNothing, isUnchanged, mergeFields, mergeSecrets, namesOf, secretsOf } from './fields.js';
import { HostReview } from './host.review.js';
import { CONFIRMED, type HostMark, isMarked } from './hosts.js';
import { ProvidersRepository } from './providers.repository.js';

const called = ({ provider, connection }: ConnectionName): string => `The connection ${provider}/${connection}`;

/**
 * Connections as an administrator sees them. Every change is recorded before it is committed. `expected` is the version that the
 * author has seen: `precondition_failed` where the connection is at another.
 */
@Injectable()
export class ConnectionService {
  constructor(
    private readonly changes: RecordedChanges,
    private readonly check: ConnectionCheck,
    private readonly hosts: HostReview,
    private readonly envelopes: Envelopes,
  ) {}

  /** Newest change first. */
  list(filter: ConnectionFilter, { limit, cursor }: PageRequest): Promise<Page<ConnectionRecord>> {
    const after = cursor === undefined ? undefined : placeOf(cursor);
    return this.changes.read(async (transaction) =>
      toPage(await this.#table(transaction).list(filter, after, limit + 1), limit, cursorOf),
    );
  }

  find(name: ConnectionName): Promise<ConnectionRecord | undefined> {
    return this.changes.read((transaction) => this.#table(transaction).find(name));
  }

  /** @throws BrokerError `not_found`. */
  require(name: ConnectionName): Promise<ConnectionRecord> {
    return this.changes.read(async (transaction) => requirePresent(name, await this.#table(transaction).find(name)));
  }

  /**
   * Creates or replaces.
   * @throws BrokerError `not_found` where the provider is not configured, `invalid_request` with every refused or missing field.
   */
  put(
    origin: AuditOrigin,
    name: ConnectionName,
    input: ConnectionInput,
    expected?: ExpectedVersion,
  ): Promise<{ readonly connection: ConnectionRecord; readonly created: boolean }> {
    return this.changes.change(origin, name, async (transaction, now) => {
      const table = this.#table(transaction);
      const before = await table.findLocked(name);
      requireVersion(called(name), before, expected);
      const provider = await this.#provider(transaction, name);
      this.check.requireFields(provider, input);
      const settings = mergeFields(input.settings);
      const credential = secretsOf(input.credential);
      this.check.requireComplete(provider, { settings, secrets: credential });
      const token = this.check.storedToken(provider, settings, input.token, now);
      const hosts = this.hosts.ofConnection(provider, before, {
        ...bringing(settings, credential, input),
        whole: true,
      });
      const fields = { settings, credential, token, hosts };
      const connection =
        before === undefined
          ? await table.insert(newId(), name, fields, now)
          : await this.#store(table, before, provider, fields, now);
      const action = before === undefined ? 'connection.created' : 'connection.replaced';
      return {
        result: { connection, created: before === undefined },
        events: [eventOf(action, connection, input, hosts)],
      };
    });
  }

  /**
   * Merges; a new credential or setting re-activates a connection that waits for one. Where nothing is sent, or only removed what is
   * not there, nothing changes. Secrets that are sent as they are held are no new credential: the token stays.
   * @throws BrokerError as `put`.
   */
  patch(
    origin: AuditOrigin,
    name: ConnectionName,
    input: ConnectionChanges,
    expected?: ExpectedVersion,
  ): Promise<ConnectionRecord> {
    return this.changes.change(origin, name, async (transaction, now) => {
      const table = this.#table(transaction);
      const before = requirePresent(name, await table.findLocked(name));
      requireVersion(called(name), before, expected);
      const provider = await this.#provider(transaction, name);
      this.check.requireFields(provider, input);
      if (saysNothing(before, input)) {
        return { result: before, events: [] };
      }
      const settings = mergeFields(before.settings, input.settings);
      const held = await table.findCredential(before.id);
      const credential = mergeSecrets(held, input.credential);
      this.check.requireComplete(provider, { settings, secrets: credential });
      const token = this.check.storedToken(provider, settings, input.token, now);
      const keepsCredential = isUnchanged(held, input.credential) && token === undefined;
      const hosts = this.hosts.ofConnection(provider, before, {
        ...bringing(settings, credential, input),
        whole: false,
      });
      const fields = { settings, credential, token, hosts };
      const result = keepsCredential
        ? await table.updateSettings(before, fields, now)
        : await this.#store(table, before, provider, fields, now);
      return { result, events: [eventOf('connection.updated', result, input, hosts)] };
    });
  }

  /** No token is handed out and nothing is sent until `resume`. @throws BrokerError `not_found`. */
  pause(origin: AuditOrigin, name: ConnectionName): Promise<ConnectionRecord> {
    return this.#move(origin, name, 'connection.paused', (table, before, now) => table.pause(before, now));
  }

  /** Makes a paused connection, or one that waits for a change, active again. @throws BrokerError `not_found`. */
  resume(origin: AuditOrigin, name: ConnectionName): Promise<ConnectionRecord> {
    return this.#move(origin, name, 'connection.resumed', (table, before, now) => table.resume(before, now));
  }

  /**
   * Lets its secrets be sent to the hosts that its settings, and its provider's, say now. Where nothing waits for that, nothing changes.
   * @throws BrokerError `not_found`, `precondition_failed`.
   */
  confirmHosts(origin: AuditOrigin, name: ConnectionName, expected?: ExpectedVersion): Promise<ConnectionRecord> {
    return this.changes.change(origin, name, async (transaction, now) => {
      const table = this.#table(transaction);
      const before = requirePresent(name, await table.findLocked(name));
      requireVersion(called(name), before, expected);
      if (!isMarked(before.hosts)) {
        return { result: before, events: [] };
      }
      const result = await table.confirmHosts(before, now);
      return { result, events: [eventOf('connection.hosts_confirmed', result, {})] };
    });
  }

  /** Forgets the connection, its credential and its token. @throws BrokerError `not_found`. */
  delete(origin: AuditOrigin, name: ConnectionName, expected?: ExpectedVersion): Promise<void> {
    return this.changes.change(origin, name, async (transaction) => {
      const table = this.#table(transaction);
      const before = requirePresent(name, await table.findLocked(name));
      requireVersion(called(name), before, expected);
      await table.delete(before);
      return { result: undefined, events: [eventOf('connection.deleted', before, {})] };
    });
  }

  #move(
    origin: AuditOrigin,
    name: ConnectionName,
    action: AuditAction,
    move: (table: ConnectionAdminRepository, before: ConnectionRecord, now: Date) => Promise<ConnectionRecord>,
  ): Promise<ConnectionRecord> {
    return this.changes.change(origin, name, async (transaction, now) => {
      const table = this.#table(transaction);
      const result = await move(table, requirePresent(name, await table.findLocked(name)), now);
      return { result, events: [eventOf(action, result, {})] };
    });
  }

  /** Only what a refresh consumes makes a new credential: with the rest changed, it is as uncertain, or as used, as it was. */
  async #store(
    table: ConnectionAdminRepository,
    before: ConnectionRecord,
    provider: CheckedProvider,
    fields: ConnectionFields,
    now: Date,
  ): Promise<ConnectionRecord> {
    const held = await table.findCredential(before.id);
    return this.check.consumesTheSame(provider, fields.settings, held, fields.credential)
      ? table.amend(before, fields, now)
      : table.replace(before, fields, now);
  }

  #table(transaction: Transaction): ConnectionAdminRepository {
    return new ConnectionAdminRepository(transaction, this.envelopes);
  }

  #provider(transaction: Transaction, { provider }: ConnectionName) {
    return this.check.requireProvider(provider, new ProvidersRepository(transaction, this.envelopes));
  }
}

function requirePresent(name: ConnectionName, found: ConnectionRecord | undefined): ConnectionRecord {
  if (found === undefined) {
    throw noSuchConnection(name);
  }
  return found;
}

const saysNothing = (before: ConnectionRecord, { settings, credential, token }: ConnectionChanges): boolean =>
  isNothing(Object.keys(before.settings), settings) &&
  isNothing(before.credentialFields, credential) &&
  token === undefined;

const bringing = (settings: Settings, credential: object, { credential: brought = {} }: ConnectionChanges) => ({
  settings,
  credentialFields: Object.keys(credential),
  brought: Object.keys(brought),
});

const eventOf = (
  action: AuditAction,
  record: ConnectionRecord,
  input: ConnectionChanges,
  hosts: HostMark = CONFIRMED,
) => ({
  action,
  provider: record.provider,
  connection: record.connection,
  generation: record.generation,
  ...(isMarked(hosts) && { reason: HOST_UNCONFIRMED }),
  fields: [
    ...namesOf('settings', input.settings),
    ...namesOf('credential', input.credential),
    ...(input.token === undefined ? [] : ['token']),
  ],
});
