import { type AuditOrigin, type ChangeEvent, RecordedChanges } from '@app/audit';
import {
  Clock,
  type ConnectionName,
  type ExpectedVersion,
  keyOfCursor,
  NAME_PATTERN,
  type Page,
  type PageRequest,
  requireVersion,
  type Secret,
  toPage,
} from '@app/common';
import { Inject, Injectable } from '@nestjs/common';
import { type CallerFields, type CallerRecord, changedFields, NO_FIELDS } from './caller-record.js';
import { CallersRepository } from './callers.repository.js';
import { explain, type Explanation } from './explanation.js';
import { FirstAdmin } from './first-admin.js';
import { keepingAnAdmin } from './last-admin.js';
import { identityTaken } from './refusals.js';
import { nameOfCaller } from './subject.js';

/**
 * Callers as an administrator sees them. Every change is recorded before it is committed and binds at once on this replica,
 * within two seconds on others. `expected` is the version that the author has seen: `precondition_failed` where the caller is
 * at another. A change that would lock everybody out of administration, or give an identity to a second caller, is a `conflict`.
 */
@Injectable()
export class CallerService {
  constructor(
    private readonly changes: RecordedChanges,
    private readonly firstAdmin: FirstAdmin,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** By name. */
  list({ limit, cursor }: PageRequest): Promise<Page<CallerRecord>> {
    const after = cursor === undefined ? undefined : keyOfCursor(cursor, NAME_PATTERN);
    return this.changes.read(async (transaction) =>
      toPage(await new CallersRepository(transaction).listAfter(after, limit + 1), limit, ({ name }) => name),
    );
  }

  find(name: string): Promise<CallerRecord | undefined> {
    return this.changes.read((transaction) => new CallersRepository(transaction).find(name));
  }

  /** Throws `not_found` where there is no such caller. */
  require(name: string): Promise<CallerRecord> {
    return this.changes.read((transaction) => new CallersRepository(transaction).require(name));
  }

  /**
   * Why the caller may or may not get tokens for a connection now, asking from `clientIp`. Throws `not_found` where there is no
   * such caller.
   */
  async explain(name: string, connection: ConnectionName, clientIp?: string): Promise<Explanation> {
    return explain(await this.require(name), connection, { now: this.clock.now(), clientIp });
  }

  /** Creates the caller, or replaces what it may do; its keys stay. */
  put(
    origin: AuditOrigin,
    name: string,
    fields: CallerFields,
    expected?: ExpectedVersion,
  ): Promise<{ readonly caller: CallerRecord; readonly created: boolean }> {
    return this.changes.change(origin, 'none', async (transaction, now) => {
      const callers = new CallersRepository(transaction);
      const before = await callers.find(name);
      requireVersion(`The caller ${name}`, before, expected);
      const created = before === undefined;
      await requireFree(callers, name, fields);
      const caller = await keepingAnAdmin(transaction, now, () =>
        created ? callers.insert(name, fields, now) : callers.update(name, fields, now),
      );
      const action = created ? 'caller.created' : 'caller.updated';
      return { result: { caller, created }, events: [eventOf(action, name, before ?? NO_FIELDS, fields)] };
    });
  }

  /** Changes the fields given and leaves the others. Throws `not_found` where there is no such caller. */
  patch(
    origin: AuditOrigin,
    name: string,
    sent: Partial<CallerFields>,
    expected?: ExpectedVersion,
  ): Promise<CallerRecord> {
    return this.changes.change(origin, 'none', async (transaction, now) => {
      const callers = new CallersRepository(transaction);
      const before = await callers.require(name);
      requireVersion(`The caller ${name}`, before, expected);
      const fields = { ...before, ...sent };
      await requireFree(callers, name, fields);
      const result = await keepingAnAdmin(transaction, now, () => callers.update(name, fields, now));
      return { result, events: [eventOf('caller.updated', name, before, fields)] };
    });
  }

  /** Deletes the caller and its keys. Throws `not_found` where there is no such caller. */
  delete(origin: AuditOrigin, name: string, expected?: ExpectedVersion): Promise<void> {
    return this.changes.change(origin, 'none', async (transaction, now) => {
      const callers = new CallersRepository(transaction);
      const before = await callers.require(name);
      requireVersion(`The caller ${name}`, before, expected);
      await keepingAnAdmin(transaction, now, () => callers.delete(name));
      return { result: undefined, events: [{ action: 'caller.deleted', reason: nameOfCaller(name) }] };
    });
  }

  /** Makes `key` an administrator's where there is no administrator (FirstAdmin.ensure). True if that happened. */
  ensureAdmin(key: Secret): Promise<boolean> {
    return this.firstAdmin.ensure(key);
  }
}

async function requireFree(callers: CallersRepository, name: string, { identities }: CallerFields): Promise<void> {
  const taken = identities.length === 0 ? undefined : await callers.findTaken(name, identities);
  if (taken !== undefined) {
    throw identityTaken(taken);
  }
}

const eventOf = (
  action: ChangeEvent['action'],
  name: string,
  before: CallerFields,
  after: CallerFields,
): ChangeEvent => ({ action, reason: nameOfCaller(name), fields: changedFields(before, after) });
