import { beforeEach, describe, expect, it } from '@jest/globals';
import { DatabaseClock } from './database-clock.js';

const THEIRS = Date.now() + 600_000;

describe(DatabaseClock.name, () => {
  let asked: number;
  let sut: DatabaseClock;

  beforeEach(() => {
    asked = performance.now();
    sut = new DatabaseClock();
  });

  /** How far ahead of the database it runs, where that tells `THEIRS` at the monotonic `asked`; a pause between two looks counts as none. */
  const ahead = (): number => {
    const before = performance.now();
    const now = sut.now();
    const [earliest, latest] = [THEIRS + before - asked, THEIRS + performance.now() - asked];
    return now < earliest ? now - earliest : Math.max(0, now - latest);
  };

  it('should follow the database where the local clock is ten minutes off', () => {
    sut.synchronize(THEIRS, asked - 1, asked + 1);
    expect(Math.abs(ahead())).toBeLessThan(3);
  });

  it('should be the local time before the database was asked', () => {
    expect(Math.abs(new DatabaseClock().now() - Date.now())).toBeLessThan(1000);
  });

  it('should not be spoilt by an answer that took long', () => {
    sut.synchronize(THEIRS, asked - 1, asked + 1);
    // True at its very beginning: half a round trip later would be 2.5 s off.
    sut.synchronize(THEIRS + 1000, asked + 1000, asked + 6000);
    expect(Math.abs(ahead())).toBeLessThan(3);
  });

  it('should not be spoilt by one at the very edge of what it can mean, at whatever moment it is asked for', () => {
    const spoilt = Array.from({ length: 1000 }, (_, index) => 3000.48 + index * 37.0123).filter((moment) => {
      const clock = new DatabaseClock();
      clock.synchronize(THEIRS, moment - 1, moment + 1);
      const before = clock.now();
      clock.synchronize(THEIRS + 1000, moment + 1000, moment + 6000);
      return Math.abs(clock.now() - before) > 1000;
    });
    expect(spoilt).toEqual([]);
  });

  it('should take a quicker answer than the one before', () => {
    sut.synchronize(THEIRS, asked, asked + 4000);
    sut.synchronize(THEIRS + 5000, asked + 4999, asked + 5001);
    expect(Math.abs(ahead())).toBeLessThan(3);
  });

  it('should follow a clock that was set, however long the answer took', () => {
    sut.synchronize(THEIRS, asked - 1, asked + 1);
    sut.synchronize(THEIRS + 1000 - 60_000, asked + 900, asked + 1100);
    expect(Math.abs(ahead() + 60_000)).toBeLessThan(3);
  });
});
