import { describe, expect, it } from '@jest/globals';
import { TokenBucket } from './token-bucket.js';

const takeAll = (sut: TokenBucket, now: number): number => {
  let taken = 0;
  while (taken < 10_000 && sut.take(now)) {
    taken += 1;
  }
  return taken;
};

describe(TokenBucket.name, () => {
  it('should give its burst at once, and then as much as time brings', () => {
    const sut = new TokenBucket({ perSecond: 100, burst: 100 }, 0);
    expect(takeAll(sut, 0)).toBe(100);
    expect(takeAll(sut, 9)).toBe(0);
    expect(takeAll(sut, 15)).toBe(1);
    expect(takeAll(sut, 515)).toBe(50);
  });

  it('should add fractions up, however often it is asked meanwhile', () => {
    const sut = new TokenBucket({ perSecond: 1, burst: 1 }, 0);
    sut.take(0);
    const early = Array.from({ length: 99 }, (_, index) => sut.take((index + 1) * 10));
    expect(early).not.toContain(true);
    expect(sut.take(1001)).toBe(true);
  });

  it('should never hold more than its burst', () => {
    const sut = new TokenBucket({ perSecond: 1000, burst: 5 }, 0);
    sut.giveBack();
    expect(takeAll(sut, 3_600_000)).toBe(5);
  });

  it('should say what remains and when to ask again', () => {
    const sut = new TokenBucket({ perSecond: 0.5, burst: 2 }, 0);
    sut.take(0);
    expect(sut.remaining).toBe(1);
    takeAll(sut, 0);
    expect([sut.remaining, sut.secondsToNext]).toEqual([0, 2]);
    expect(sut.take(1500)).toBe(false);
    expect(sut.secondsToNext).toBe(1);
  });

  it('should have what was given back', () => {
    const sut = new TokenBucket({ perSecond: 1, burst: 1 }, 0);
    sut.take(0);
    sut.giveBack();
    expect(sut.take(0)).toBe(true);
  });

  it('should not count time twice where the clock seems to stand or go back', () => {
    const sut = new TokenBucket({ perSecond: 1, burst: 1 }, 1000);
    sut.take(1000);
    expect(sut.take(0)).toBe(false);
    expect(sut.remaining).toBe(0);
  });
});
