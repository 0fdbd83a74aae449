import { createLog } from '@app/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Insistence } from './insistence.js';

const lost = (): Promise<never> => Promise.reject(new Error('The database is gone.'));

/** A write that holds at last. */
const failingTimes = (times: number, done: string[] = []) => {
  let tries = 0;
  return () => {
    tries += 1;
    done.push('write');
    return tries > times ? Promise.resolve('stored') : lost();
  };
};

describe(Insistence.name, () => {
  let lines: string[];
  let sut: Insistence;

  beforeEach(() => {
    jest.useFakeTimers();
    lines = [];
    sut = new Insistence(createLog('debug', { write: (line: string) => void lines.push(line) }));
  });

  afterEach(() => void jest.useRealTimers());

  it('should give what the write gives, and say nothing of it', async () => {
    await expect(sut.untilItHolds(failingTimes(0))).resolves.toBe('stored');
    expect(lines).toEqual([]);
  });

  it('should not give up, at pauses that grow to two seconds', async () => {
    const done: string[] = [];
    const storing = sut.untilItHolds(failingTimes(20, done));
    const counts: number[] = [];
    for (const ms of [0, 49, 1, 200, 500, 1000, 1999, 1, 2000]) {
      await jest.advanceTimersByTimeAsync(ms);
      counts.push(done.length);
    }
    expect(counts).toEqual([1, 1, 2, 3, 4, 5, 5, 6, 7]);
    await jest.advanceTimersByTimeAsync(30_000);
    await expect(storing).resolves.toBe('stored');
    expect(done).toHaveLength(21);
    expect(lines).toHaveLength(20);
    expect(lines.every((line) => line.includes('cannot be stored yet') && line.includes('"error"'))).toBe(true);
  });

  it('should make safe elsewhere what cannot be written, at once and only once', async () => {
    const done: string[] = [];
    const keep = () => Promise.resolve(void done.push('keep'));
    const storing = sut.untilItHolds(failingTimes(2, done), keep);
    await jest.advanceTimersByTimeAsync(250);
    await storing;
    expect(done).toEqual(['write', 'keep', 'write', 'write']);
  });

  it('should not keep elsewhere what is written at the first try', async () => {
    const keep = jest.fn(() => Promise.resolve());
    await sut.untilItHolds(failingTimes(0), keep);
    expect(keep).not.toHaveBeenCalled();
  });

  it('should go on writing where that fails, too', async () => {
    const storing = sut.untilItHolds(failingTimes(1), lost);
    await jest.advanceTimersByTimeAsync(50);
    await expect(storing).resolves.toBe('stored');
    expect(lines.some((line) => line.includes('The spool could not be written.'))).toBe(true);
  });

  it('should do what can be done, and never fail for what cannot', async () => {
    const work = jest.fn(() => Promise.resolve());
    await sut.ifPossible(work);
    expect(work).toHaveBeenCalledTimes(1);
    expect(lines).toEqual([]);
    await expect(sut.ifPossible(lost)).resolves.toBeUndefined();
    expect(lines).toHaveLength(1);
  });
});
