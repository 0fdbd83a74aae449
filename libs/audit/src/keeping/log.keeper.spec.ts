import type { Log } from '@app/common';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { KeepingRepository } from './keeping.repository.js';
import { LogKeeper } from './log.keeper.js';
import type { Retention, RetentionRound } from './retention.js';

const HOUR_MS = 3_600_000;

describe(LogKeeper.name, () => {
  let lines: [string, string][];
  let rounds: number;
  let made: number;

  const at = (level: string) => (message: string) => void lines.push([level, message]);

  function keeper(result: RetentionRound | Error, isSigning = true): LogKeeper {
    const log: Log = { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
    const repository = { makePartitions: () => Promise.resolve((made += 1)) } as unknown as KeepingRepository;
    const retention = {
      round: () => {
        rounds += 1;
        return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
      },
    } as unknown as Retention;
    return new LogKeeper(repository, retention, { isSigning }, log);
  }

  beforeEach(() => {
    lines = [];
    rounds = 0;
    made = 0;
  });

  it('should make partitions on every replica, and retire only where it signs', async () => {
    await expect(keeper({ state: 'nothing' }, false).round()).resolves.toBe(HOUR_MS);
    expect([made, rounds]).toEqual([1, 0]);
    await expect(keeper({ state: 'nothing' }).round()).resolves.toBe(HOUR_MS);
    expect([made, rounds, lines]).toEqual([2, 1, []]);
  });

  it('should come back soon where something waits to be dropped', async () => {
    await expect(keeper({ state: 'busy' }).round()).resolves.toBeLessThan(60_000);
  });

  it.each<[string, RetentionRound | Error, string, string]>([
    ['days that do not verify', { state: 'fault', fault: 'stream 7 row 2' }, 'error', 'do not verify'],
    ['a failure', new Error('down'), 'error', 'tried again'],
    ['days that went', { state: 'retired', before: '2026-11-20', rows: 3 }, 'info', 'were dropped'],
  ])('should log %s', async (_what, result, level, message) => {
    await keeper(result).round();
    expect(lines).toEqual([[level, expect.stringContaining(message)]]);
  });

  it('should be quiet about a verification that its end broke off', async () => {
    const sut = keeper(new Error('aborted'));
    await sut.start();
    await sut.stop();
    await sut.round();
    expect(lines).toEqual([]);
  });
});
