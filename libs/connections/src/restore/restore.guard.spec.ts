import { AuditLog, type AuditEvent } from '@app/audit';
import { createLog } from '@app/common';
import { ProviderRegistry } from '@app/providers';
import { describe, expect, it } from '@jest/globals';
import { KnownEpochs, type SeenEpoch } from '../spool/epoch-file.js';
import type { ConsumedConnection } from '../spool/spool.index.js';
import { RestoreGuard } from './restore.guard.js';
import { type Look, RestoreRepository } from './restore.repository.js';

const ACTUAL = { systemIdentifier: '7400000000000000001', timeline: 1 };

const USED = [{ connectionId: 'c-1', consumed: { generation: 7, adopted: true, sentAt: 0 } }];

interface Overrides {
  readonly look?: Partial<Look>;
  readonly seen?: SeenEpoch;
  readonly used?: readonly ConsumedConnection[];
}

/** A database that says what the test wants, and remembers what was done to it. */
function newSut({ look = {}, seen, used = [] }: Overrides = {}) {
  const done: string[] = [];
  const lines: string[] = [];
  const events: AuditEvent[] = [];
  const state: { look: Look } = { look: { actual: ACTUAL, held: ACTUAL, epoch: 100, ...look } };
  const repository: Pick<RestoreRepository, 'look' | 'distrust' | 'holdsOlder' | 'page' | 'quarantine' | 'finish'> = {
    look: () => Promise.resolve(state.look),
    distrust: (highest, margin) => Promise.resolve(void done.push(`distrust ${highest}+${margin}`)),
    holdsOlder: (newest) => Promise.resolve(newest.length > 0),
    page: (after) => Promise.resolve(after === undefined ? [{ id: 'c-1', type: 'gone', settings: {} }] : []),
    quarantine: (ids) => {
      done.push(`quarantine ${ids.join()}`);
      return Promise.resolve(ids.length);
    },
    finish: async (actual, record) => {
      await record(1);
      done.push('finish');
      state.look = { ...state.look, held: actual };
      return true;
    },
  };
  const epochs = new KnownEpochs();
  epochs.note(seen?.database ?? null, seen?.epoch ?? null);
  const followed: SeenEpoch[] = [];
  const spool = {
    knownEpochs: () => epochs.copy(),
    newest: () => used,
    follow: (now: SeenEpoch) => Promise.resolve(void followed.push(now)),
  };
  const audit: Pick<AuditLog, 'append'> = {
    append: (event) => {
      events.push(event);
      return Promise.resolve({ mark: undefined });
    },
  };
  const log = createLog('debug', { write: (line: string) => void lines.push(line) });
  const sut = new RestoreGuard(
    repository as RestoreRepository,
    spool,
    new ProviderRegistry([]),
    audit as AuditLog,
    log,
  );
  return { sut, done, lines, events, followed, repository, epochs };
}

describe(RestoreGuard.name, () => {
  it('should follow the epoch of a database that is the one it was', async () => {
    const { sut, done, followed } = newSut({ seen: { database: ACTUAL, epoch: 100 } });
    await sut.check();
    expect([done, followed]).toEqual([[], [{ database: ACTUAL, epoch: 100 }]]);
  });

  it.each<[string, Overrides, string]>([
    ['another cluster', { look: { held: { ...ACTUAL, systemIdentifier: '1' } } }, 'other_cluster'],
    ['another timeline', { look: { actual: { ...ACTUAL, timeline: 2 } } }, 'other_timeline'],
    ['fewer attempts than were seen', { seen: { database: ACTUAL, epoch: 101 } }, 'older_epoch'],
    ['no identity', { look: { held: null } }, 'other_cluster'],
    ['a credential that was used', { used: USED }, 'older_generation'],
  ])('should quarantine, record and tell where the database has %s', async (_, overrides, reason) => {
    const { sut, done, events, lines } = newSut(overrides);
    await sut.check();
    expect(done.slice(-2)).toEqual(['quarantine c-1', 'finish']);
    expect(events).toEqual([
      expect.objectContaining({ action: 'database.restored', reason: `${reason} quarantined=1` }),
    ]);
    expect(lines).toEqual([expect.stringMatching(/"level":"error".*claviger reconcile/)]);
  });

  it('should stop all sending before it quarantines what an older epoch gave away', async () => {
    const { sut, done } = newSut({ seen: { database: ACTUAL, epoch: 150 } });
    await sut.check();
    expect(done).toEqual(['distrust 150+1000', 'quarantine c-1', 'finish']);
  });

  it('should stop all sending, too, before it quarantines what a used credential gave away', async () => {
    const { sut, done } = newSut({ used: USED });
    await sut.check();
    expect(done).toEqual(['distrust 101+1000', 'quarantine c-1', 'finish']);
  });

  it('should not compare epochs of different databases: the folder may have served another one', async () => {
    const { sut, done } = newSut({ seen: { database: { systemIdentifier: '1', timeline: 1 }, epoch: 9999 } });
    await sut.check();
    expect(done).toEqual([]);
  });

  it('should not take attempts for a sign that are counted while it asks', async () => {
    const { sut, repository, done, epochs } = newSut({ seen: { database: ACTUAL, epoch: 100 } });
    const look = repository.look.bind(repository);
    repository.look = async () => {
      const seen = await look();
      epochs.note(ACTUAL, 101);
      return seen;
    };
    await sut.check();
    expect(done).toEqual([]);
  });

  it('should not finish where the log cannot be written, and be able to try again', async () => {
    const { sut, repository, done } = newSut({ look: { held: { ...ACTUAL, timeline: 7 } } });
    const finish = repository.finish.bind(repository);
    repository.finish = () => Promise.reject(new Error('no log'));
    await expect(sut.check()).rejects.toThrow('no log');
    repository.finish = finish;
    await sut.check();
    expect(done).toEqual(['quarantine c-1', 'quarantine c-1', 'finish']);
  });

  it('should tell once, and not at every tick, that it cannot look', async () => {
    const { sut, repository, lines } = newSut();
    repository.look = () => Promise.reject(new Error('gone'));
    await sut.onTick();
    await sut.onTick();
    expect(lines).toHaveLength(1);
  });

  it('should compare what connections hold after a time without a look, and not at every tick', async () => {
    const used: ConsumedConnection[] = [];
    const { sut, done } = newSut({ used });
    await sut.check();
    used.push(...USED);
    await sut.onTick();
    expect(done).toEqual([]);
    const restarted = newSut({ used });
    await restarted.sut.onTick();
    await restarted.sut.check();
    expect(restarted.done.at(-1)).toBe('finish');
  });

  it('should say why without changing anything', async () => {
    const { sut, done } = newSut({ look: { actual: { ...ACTUAL, timeline: 2 } } });
    await expect(sut.findReason()).resolves.toBe('other_timeline');
    expect(done).toEqual([]);
  });
});
