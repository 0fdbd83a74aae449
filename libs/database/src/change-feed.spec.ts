import { BrokerError, type Log } from '@app/common';
import { TIMING } from '@app/config';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ChangeFeed } from './change-feed.js';
import type { Database, Statement } from './database.js';
import { DatabaseClock } from './database-clock.js';
import type { Touched } from './touched-connections.js';

const ACME = { provider: 'klavi', connection: 'acme' };
const ignore = (): void => undefined;
const log: Log = { error: ignore, warn: ignore, info: ignore, debug: ignore };
const AWAY = new BrokerError('storage_unavailable', 'The database does not answer.');

describe('an outage, for the change feed', () => {
  let answer: () => string;
  let announced: number;
  let sut: ChangeFeed;

  /** Starts one that has heard the database once. */
  const start = async (auditSpoolDir: string | undefined): Promise<void> => {
    const database = { query: async () => [{ mark: answer(), now: new Date(), server: 'one' }] } as unknown as Database;
    const clock = { synchronize: ignore } as unknown as DatabaseClock;
    sut = new ChangeFeed(database, clock, log, { auditSpoolDir, timing: TIMING });
    sut.onChange(() => (announced += 1));
    await sut.start();
  };

  const fail = (error: Error): void => {
    answer = () => {
      throw error;
    };
  };

  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
    announced = 0;
    answer = () => '1';
  });

  afterEach(() => {
    sut.stop();
    jest.useRealTimers();
  });

  it('should be current for two seconds at most once the database is away', async () => {
    await start(undefined);
    fail(AWAY);
    await jest.advanceTimersByTimeAsync(1800);
    expect(sut.isCurrent()).toBe(true);
    await jest.advanceTimersByTimeAsync(100);
    expect([sut.isCurrent(), sut.isBridging()]).toEqual([false, false]);
  });

  it('should bridge five minutes of outage, and no more, where the log has a local device', async () => {
    await start('/var/lib/claviger/audit');
    fail(AWAY);
    await jest.advanceTimersByTimeAsync(299_000);
    expect([sut.isCurrent(), sut.isBridging(), sut.currentForMs()]).toEqual([true, true, 0]);
    await jest.advanceTimersByTimeAsync(1000);
    expect([sut.isCurrent(), sut.isBridging()]).toEqual([false, false]);
  });

  it('should bridge nothing while the database answers, but not what it should', async () => {
    await start('/var/lib/claviger/audit');
    fail(new Error('password authentication failed'));
    await jest.advanceTimersByTimeAsync(2000);
    expect([sut.isCurrent(), sut.isBridging()]).toEqual([false, false]);
  });

  it('should bridge nothing before it has heard the database', async () => {
    fail(AWAY);
    await start('/var/lib/claviger/audit');
    expect(sut.isCurrent()).toBe(false);
  });

  it('should bridge a database that falls silent between two questions', async () => {
    await start('/var/lib/claviger/audit');
    sut.onTick(() => new Promise(() => undefined));
    await jest.advanceTimersByTimeAsync(1800);
    expect(sut.isBridging()).toBe(true);
  });

  it('should trust its caches while a question is open that was asked late, as on a busy replica', async () => {
    await start('/var/lib/claviger/audit');
    let ticks = 0;
    // The first answer takes nearly a second, and the next question gets none: asked at 2350 ms, given up at 3350 ms.
    sut.onTick(() => new Promise((resolve) => void ((ticks += 1) === 1 && setTimeout(resolve, 950))));
    await jest.advanceTimersByTimeAsync(2700);
    expect([sut.isCurrent(), sut.isBridging()]).toEqual([true, false]);
    await jest.advanceTimersByTimeAsync(1000);
    expect([sut.isCurrent(), sut.isBridging()]).toEqual([true, true]);
  });

  it('should have caches forget at the end of an interruption of more than a minute, whatever the mark says', async () => {
    await start('/var/lib/claviger/audit');
    fail(AWAY);
    await jest.advanceTimersByTimeAsync(61_000);
    expect(announced).toBe(0);
    answer = () => '1';
    await jest.advanceTimersByTimeAsync(700);
    expect([announced, sut.isBridging(), sut.isCurrent()]).toEqual([1, false, true]);
    await jest.advanceTimersByTimeAsync(7000);
    expect(announced).toBe(1);
  });

  it('should have caches forget nothing at the end of a shorter one, but ask for all that was renewed since', async () => {
    await start('/var/lib/claviger/audit');
    const quiet: (number | undefined)[] = [];
    sut.onTick((quietMs) => Promise.resolve(void quiet.push(quietMs)));
    await jest.advanceTimersByTimeAsync(700);
    fail(AWAY);
    await jest.advanceTimersByTimeAsync(10_000);
    answer = () => '1';
    await jest.advanceTimersByTimeAsync(1400);
    expect(quiet).toEqual([700, 10_500, 700]);
    expect([announced, sut.isCurrent()]).toEqual([0, true]);
  });

  it('should count from the reading that all who listen have heard', async () => {
    await start('/var/lib/claviger/audit');
    const quiet: (number | undefined)[] = [];
    sut.onTick((quietMs) => {
      quiet.push(quietMs);
      return quiet.length === 1 ? Promise.reject(AWAY) : Promise.resolve();
    });
    await jest.advanceTimersByTimeAsync(1400);
    expect(quiet).toEqual([700, 1400]);
  });
});

describe('the change mark', () => {
  let mark: string;
  /** Happens while the mark is being read, after it was looked at. */
  let meanwhile: () => void;
  let server: string;
  /** How far the database's clock is off. */
  let aheadMs: number;
  /** What stands beside the marks. */
  let marked: object;
  let asked: (readonly unknown[])[];
  let heard: number;
  let touched: () => Promise<Touched>;
  let sut: ChangeFeed;

  beforeEach(async () => {
    mark = '5';
    server = 'one';
    aheadMs = 0;
    meanwhile = ignore;
    heard = 0;
    asked = [];
    const query = async ({ name, values }: Statement) => {
      if (name === 'marked-changes') {
        asked.push(values);
        return [marked];
      }
      const read = mark;
      meanwhile();
      return [{ mark: read, now: new Date(Date.now() + aheadMs), server }];
    };
    sut = new ChangeFeed({ query } as unknown as Database, new DatabaseClock(), log, {
      auditSpoolDir: undefined,
      timing: TIMING,
    });
    sut.onChange((toldOf) => {
      heard += 1;
      touched = toldOf;
    });
    await sut.start();
    sut.stop();
  });

  afterEach(() => sut.stop());

  const readAgain = (): Promise<void> => sut.start().then(() => sut.stop());

  it('should have told nobody at the first reading', () => {
    expect([sut.mark, heard]).toEqual(['5', 0]);
  });

  it('should tell of a mark that moved', async () => {
    mark = '6';
    await readAgain();
    expect([sut.mark, heard]).toEqual(['6', 1]);
  });

  it('should tell of a newer mark that a commit saw, at once and once', () => {
    sut.observe('10');
    sut.observe('10');
    sut.observe('9');
    expect([sut.mark, heard]).toEqual(['10', 1]);
  });

  it('should not go back for a reading that was begun before a commit showed a newer mark', async () => {
    meanwhile = () => sut.observe('6');
    await readAgain();
    expect([sut.mark, heard]).toEqual(['6', 1]);
  });

  it('should go back where the database did, as a restored one does: any connection may be touched', async () => {
    mark = '3';
    marked = { count: 0, server, providers: [], connections: [] };
    await readAgain();
    expect([sut.mark, heard]).toEqual(['3', 1]);
    await expect(touched()).resolves.toBeUndefined();
  });

  it('should tell what the changes behind the mark touched', async () => {
    mark = '7';
    marked = { count: 2, server, providers: ['klavi'], connections: ['acme'] };
    await readAgain();
    await expect(touched()).resolves.toEqual([ACME]);
    expect(asked).toEqual([['5', '7']]);
  });

  it.each([
    ['one of them has no row, as those of the version before', { count: 1 }],
    ['another server answers, as after a fail-over', { server: 'two' }],
  ])('should tell that any connection may be touched where %s', async (_why, differing) => {
    sut.observe('7');
    marked = { count: 2, server, providers: ['klavi'], connections: ['acme'], ...differing };
    await expect(touched()).resolves.toBeUndefined();
  });

  it('should tell that any connection may be touched where the server is another, whatever the mark says', async () => {
    server = 'two';
    await readAgain();
    expect([sut.mark, heard, asked]).toEqual(['5', 1, []]);
    await expect(touched()).resolves.toBeUndefined();
  });

  it('should tell that any connection may be touched where the clock of the database was put back', async () => {
    aheadMs = -60_000;
    const quiet: (number | undefined)[] = [];
    sut.onTick((quietMs) => Promise.resolve(void quiet.push(quietMs)));
    await readAgain();
    expect([heard, quiet]).toEqual([1, [undefined]]);
    await expect(touched()).resolves.toBeUndefined();
  });

  it.each([
    [ACME, [ACME]],
    ['none', []],
    ['any', undefined],
  ] as const)('should tell at once of a change of this replica that touched %j', async (touch, expected) => {
    sut.announce(touch);
    expect(heard).toBe(1);
    await expect(touched()).resolves.toEqual(expected);
    expect(asked).toEqual([]);
  });
});
