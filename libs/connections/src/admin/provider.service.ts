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
import { checkFields, ProviderRegistry } from '@app/providers';
import { mergeFields, namesOf, refuse, secretsOf, withoutNulls } from './fields.js';
import { noSuchProvider, type ProviderChanges, type ProviderInput, type ProviderRecord } from './provider-record.js';
import { type ProviderFields, ProvidersRepository } from './providers.repository.js';

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
    return this.changes.change(origin, async (transaction, now) => {
      const table = this.#table(transaction);
      const before = await table.find(name);
      requireVersion(`The provider ${name}`, before, expected);
      if (before !== undefined && before.type !== input.type && (await table.hasConnections(name))) {
        throw typeIsFixed(before);
      }
      const fields = { type: input.type, settings: input.settings, secrets: secretsOf(input.secrets) };
      const names = ['type', ...namesOf('settings', input.settings), ...namesOf('secrets', input.secrets)];
      const { result, events } = await this.#save(table, name, fields, before === undefined, names, now);
      return { result: { provider: result, created: before === undefined }, events };
    });
  }

  /** Merges. Where nothing is sent, nothing changes. @throws BrokerError `not_found`, `invalid_request`. */
  patch(
    origin: AuditOrigin,
    name: string,
    changes: ProviderChanges,
    expected?: ExpectedVersion,
  ): Promise<ProviderRecord> {
    return this.changes.change(origin, async (transaction, now) => {
      const table = this.#table(transaction);
      const before = requirePresent(name, await table.find(name));
      requireVersion(`The provider ${name}`, before, expected);
      const names = [...namesOf('settings', changes.settings), ...namesOf('secrets', changes.secrets)];
      if (names.length === 0) {
        return { result: before, events: [] };
      }
      const held = requirePresent(name, await table.findFields(name));
      const checked = { settings: withoutNulls(changes.settings), secrets: withoutNulls(changes.secrets) };
      refuse(checkFields(this.registry.require(held.type), checked, GROUPS));
      const removed = Object.entries(changes.secrets ?? {}).filter(([, value]) => value === null);
      const secrets = mergeFields(held.secrets, {
        ...secretsOf(changes.secrets ?? {}),
        ...Object.fromEntries(removed),
      });
      const fields = { type: held.type, settings: mergeFields(held.settings, changes.settings), secrets };
      return this.#save(table, name, fields, false, names, now);
    });
  }

  /** @throws BrokerError `not_found`, or `conflict` while connections exist. */
  delete(origin: AuditOrigin, name: string, expected?: ExpectedVersion): Promise<void> {
    return this.changes.change(origin, async (transaction) => {
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

  async #save(
    table: ProvidersRepository,
    name: string,
    fields: ProviderFields,
    created: boolean,
    names: readonly string[],
    now: Date,
  ): Promise<Change<ProviderRecord>> {
    const result = await table.save(name, fields, now);
    await table.reactivateConnections(name);
    const action = created ? 'provider.created' : 'provider.updated';
    return { result, events: [{ action, provider: name, fields: names }] };
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
