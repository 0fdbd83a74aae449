import { describe, expect, it } from '@jest/globals';
import { DatabaseClock } from './database-clock.js';

describe(DatabaseClock.name, () => {
  it('should follow the database where the local clock is ten minutes off', () => {
    const sut = new DatabaseClock();
    const theirs = Date.now() + 600_000;
    sut.synchronize(theirs, performance.now());
    expect(Math.abs(sut.now() - theirs)).toBeLessThan(1000);
  });

  it('should be the local time before the database was asked', () => {
    expect(Math.abs(new DatabaseClock().now() - Date.now())).toBeLessThan(1000);
  });
});
