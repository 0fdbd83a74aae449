import type { Log } from '@app/common';
import { Envelopes, generateKeyFile, Keyring } from '@app/crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { AuditHealth } from '../writing/audit.health.js';
import type { Receipt } from '../writing/audit.store.js';
import { AuditWriter } from '../writing/audit.writer.js';
import { StreamWriter } from '../writing/stream.writer.js';
import { HeldStore, settled } from '../writing/testing/held-store.js';
import { HeldTimers } from '../writing/testing/held-timers.js';
import { DeviceHealth } from './device.health.js';
import { Drain } from './drain.js';
import { FallbackWriter } from './fallback.writer.js';
import { LocalDevice } from './local.device.js';
import { Outage } from './outage.js';
import { StreamSeals } from './stream.seal.js';
import { MemoryFiles } from './testing/memory-files.js';
import { MemoryStore } from './testing/memory-store.js';

const REPLICA = '00000000-0000-4000-8000-000000000001';

/** As much as runs without a timer. */
const run = async (): Promise<void> => {
  for (let turns = 0; turns < 20; turns += 1) {
    await settled();
  }
};

describe(FallbackWriter.name, () => {
  let lines: string[];
  let timers: HeldTimers;
  let files: MemoryFiles;
  let database: HeldStore;
  let drained: MemoryStore;
  let seals: StreamSeals;
  let writer: AuditWriter;

  const append = (requestId: string): Promise<Receipt> =>
    writer.append([{ action: 'token.issued', outcome: 'ok', actor: { type: 'system' }, requestId }]);

  const pass = async (ms: number): Promise<void> => {
    timers.pass(ms);
    await run();
  };

  /** An event that the database refuses, and that goes to the device. */
  const begin = async (requestId: string): Promise<void> => {
    const appended = append(requestId);
    await database.refuse();
    await run();
    expect(await appended).toEqual({ mark: undefined, device: 'local' });
  };

  const note = (message: string): void => void lines.push(message);

  /** Starts a replica on what is there. */
  const start = async (longestMs = 300_000): Promise<void> => {
    const log: Log = { error: note, warn: note, info: note, debug: note };
    const clock = { now: () => Date.UTC(2026, 10, 29) };
    const device = new LocalDevice(files, seals, REPLICA, clock);
    const drain = new Drain(files, seals, drained, log, () => Promise.resolve());
    const outage = new Outage(database, device, drain, log, timers.after);
    const health = new DeviceHealth(database, device, outage, longestMs, timers.after);
    const streams = new StreamWriter(database, REPLICA, clock);
    const target = new FallbackWriter(streams, device, files, outage, timers.after);
    const news = { observe: () => undefined };
    writer = new AuditWriter(target, new AuditHealth(health, log, timers.after), news, timers);
    await writer.open();
  };

  beforeEach(async () => {
    lines = [];
    timers = new HeldTimers();
    files = new MemoryFiles();
    database = new HeldStore();
    drained = new MemoryStore();
    seals = new StreamSeals(new Envelopes(new Keyring(generateKeyFile())));
    await start();
  });

  it('should write to the database while that takes rows, and nothing to the disk', async () => {
    const appended = append('a');
    await database.commit();
    await expect(appended).resolves.toEqual({ mark: '1' });
    expect(files.contents.size).toBe(0);
  });

  it.each(['refuse', 'lose'] as const)(
    'should write to the device what the database does not take: %s',
    async (end) => {
      const appended = append('a');
      await database[end]();
      await expect(appended).resolves.toEqual({ mark: undefined, device: 'local' });
      expect([...files.contents.keys()]).toEqual(['1']);
    },
  );

  it('should settle a lost answer by the head, and write nothing twice', async () => {
    database.stands = true;
    const appended = append('a');
    await database.lose();
    await expect(appended).resolves.toEqual({ mark: undefined });
    expect(files.contents.size).toBe(0);
  });

  it('should wait a second for a database that hangs, and not again for the next batch', async () => {
    database.answersHeads = false;
    const first = append('a');
    await run();
    await pass(1000);
    await pass(300);
    await expect(first).resolves.toMatchObject({ device: 'local' });
    await expect(append('b')).resolves.toMatchObject({ device: 'local' });
    expect([database.batches.length, database.settlements.length]).toEqual([1, 1]);
  });

  it('should believe the head where it can be read in time', async () => {
    database.stands = true;
    const appended = append('a');
    await run();
    await pass(1000);
    await expect(appended).resolves.toEqual({ mark: undefined });
    expect(files.contents.size).toBe(0);
  });

  it('should return to the database at once when it takes rows, and drain the device behind them', async () => {
    await begin('a');
    await append('b');
    await pass(1000);
    expect([drained.ids, files.contents.size]).toEqual([['a', 'b'], 0]);
    const appended = append('c');
    await database.commit();
    await expect(appended).resolves.toEqual({ mark: '1' });
    expect(lines).toEqual([
      'The database does not take audit rows: they go to the local device.',
      'The database takes audit rows again.',
      'The local device of the audit log is drained into the database.',
    ]);
  });

  it('should look once a second while it does not', async () => {
    await begin('a');
    database.works = false;
    await pass(1000);
    await pass(1000);
    expect([database.rehearsals, drained.ids]).toEqual([2, []]);
    database.works = true;
    await pass(1000);
    expect(drained.ids).toEqual(['a']);
    expect(timers.waiting).toBe(0);
  });

  it('should use a stream of its own for each outage', async () => {
    await begin('a');
    drained.takes = 0;
    await pass(1000);
    await begin('b');
    expect(files.contents.size).toBe(2);
    drained.takes = Number.POSITIVE_INFINITY;
    await pass(1000);
    expect([drained.ids, new Set(drained.batches.map(({ stream }) => stream)).size]).toEqual([['a', 'b'], 2]);
  });

  it('should try again to drain what the database does not take yet', async () => {
    await begin('a');
    drained.takes = 0;
    await pass(1000);
    expect(drained.ids).toEqual([]);
    drained.takes = Number.POSITIVE_INFINITY;
    await pass(1000);
    expect([drained.ids, files.contents.size, timers.waiting]).toEqual([['a'], 0, 0]);
  });

  it('should refuse what the disk has no room for, keep what it acknowledged, and go on when there is room', async () => {
    await begin('a');
    files.room = 10;
    await expect(append('b')).rejects.toMatchObject({ code: 'audit_unavailable' });
    files.room = 10_000;
    await append('c');
    await pass(1000);
    expect(drained.ids).toEqual(['a', 'c']);
  });

  it('should be ready while one of both takes rows', async () => {
    expect(await writer.isAppendable()).toBe(true);
    await begin('a');
    database.works = false;
    expect(await writer.isAppendable()).toBe(true);
    files.room = 0;
    await expect(append('b')).rejects.toMatchObject({ code: 'audit_unavailable' });
    expect(await writer.isAppendable()).toBe(false);
    files.room = 10_000;
    expect(await writer.isAppendable()).toBe(true);
  });

  it('should not be ready once the outage has lasted too long, and record all the same', async () => {
    await start(0);
    await begin('a');
    expect(await writer.isAppendable()).toBe(false);
    await expect(append('b')).resolves.toMatchObject({ device: 'local' });
    await pass(1000);
    expect(await writer.isAppendable()).toBe(true);
  });

  it('should begin although what was left behind is not taken yet, and try that again', async () => {
    await begin('a');
    await append('b');
    drained.takes = 0;
    await writer.close();
    expect([drained.ids, files.contents.size]).toEqual([[], 1]);
    drained.takes = 1;
    await start();
    expect([drained.ids, files.contents.size]).toEqual([['a'], 1]);
    drained.takes = Number.POSITIVE_INFINITY;
    await pass(1000);
    expect([drained.ids, files.contents.size, timers.waiting]).toEqual([['a', 'b'], 0, 0]);
  });

  it('should keep what it wrote where it closes during an outage', async () => {
    await begin('a');
    database.works = false;
    await writer.close();
    expect([files.contents.size, files.closed, drained.ids, timers.waiting]).toEqual([1, 1, [], 0]);
  });

  it('should leave nothing behind when it closes after an outage', async () => {
    await begin('a');
    drained.takes = 0;
    await pass(1000);
    drained.takes = Number.POSITIVE_INFINITY;
    await writer.close();
    expect([drained.ids, files.contents.size, files.closed]).toEqual([['a'], 0, 1]);
    expect(timers.waiting).toBe(0);
  });
});
