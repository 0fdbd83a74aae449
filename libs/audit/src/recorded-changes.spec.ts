import { describe, expect, it } from '@jest/globals';
import type { ChangeFeed, Database, Touch, Transaction } from '@app/database';
import type { AuditLog } from './audit.log.js';
import type { AuditEvent } from './event.js';
import { RecordedChanges } from './recorded-changes.js';

const SYSTEM = { actor: { type: 'system' } } as const;
const ACME = { provider: 'klavi', connection: 'acme' };
const CHANGE = { result: 'done', events: [{ action: 'caller.created', fields: ['rules'] }] } as const;

/** The change of a transaction that ends as told, beside what the log and the caches were told. */
function make({ commit, append }: { readonly commit?: Error; readonly append?: Error }) {
  const rows: AuditEvent[] = [];
  const announced: Touch[] = [];
  const transaction = { $queryRaw: () => Promise.resolve([{ now: new Date(0) }]) } as unknown as Transaction;
  const database = {
    transaction: async (work: (inside: Transaction) => Promise<unknown>) => {
      const result = await work(transaction);
      if (commit !== undefined) {
        throw commit;
      }
      return result;
    },
  } as Database;
  const audit = {
    appendAll: (events: readonly AuditEvent[]) => {
      rows.push(...events);
      return append === undefined ? Promise.resolve() : Promise.reject(append);
    },
  } as AuditLog;
  const feed = { announce: (touch: Touch) => void announced.push(touch) } as ChangeFeed;
  const sut = new RecordedChanges(database, audit, feed);
  return { sut, rows, announced };
}

describe(RecordedChanges.name, () => {
  it('should record the change before it is committed, and tell the caches', async () => {
    const { sut, rows, announced } = make({});
    await expect(sut.change(SYSTEM, ACME, async () => CHANGE)).resolves.toBe('done');
    expect(rows).toEqual([{ ...SYSTEM, ...CHANGE.events[0], outcome: 'ok' }]);
    expect(announced).toEqual([ACME]);
  });

  it('should take the row back in the log where the commit failed after it', async () => {
    const { sut, rows, announced } = make({ commit: new Error('connection lost') });
    await expect(sut.change(SYSTEM, ACME, async () => CHANGE)).rejects.toThrow('connection lost');
    expect(rows.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['ok', undefined],
      ['failed', 'commit_unconfirmed'],
    ]);
    expect(announced).toEqual([ACME]);
  });

  it('should record a change apart as well, and tell no cache', async () => {
    const { sut, rows, announced } = make({});
    await expect(sut.changeApart(SYSTEM, async () => CHANGE)).resolves.toBe('done');
    expect(rows).toEqual([{ ...SYSTEM, ...CHANGE.events[0], outcome: 'ok' }]);
    expect(announced).toEqual([]);
  });

  it('should make no change that cannot be recorded', async () => {
    const { sut, rows } = make({ append: new Error('audit down') });
    await expect(sut.change(SYSTEM, ACME, async () => CHANGE)).rejects.toThrow('audit down');
    expect(rows).toHaveLength(1);
  });

  it('should begin a change once the one before has ended, however that ended', async () => {
    const { sut } = make({});
    const seen: string[] = [];
    const change = (name: string, end: () => Promise<typeof CHANGE>) =>
      sut.change(SYSTEM, ACME, async () => {
        seen.push(`${name} begins`);
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(`${name} ends`);
        return end();
      });
    await Promise.allSettled([
      change('first', () => Promise.reject(new Error('refused'))),
      change('second', () => Promise.resolve(CHANGE)),
    ]);
    expect(seen).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
  });
});
