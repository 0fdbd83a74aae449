import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { expiry } from './expiry.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** Time passes without anything having been run in it, as for a process that was stopped. */
const freeze = (ms: number): void => {
  const now = performance.now();
  jest.spyOn(performance, 'now').mockReturnValueOnce(now + ms);
};

describe(expiry.name, () => {
  it('should abort when its time has passed, and not before', () => {
    const { signal } = expiry(1100);
    jest.advanceTimersByTime(1099);
    expect(signal.aborted).toBe(false);
    jest.advanceTimersByTime(1);
    expect(signal.aborted).toBe(true);
  });

  it('should never abort once it is cancelled', () => {
    const { signal, cancel } = expiry(300);
    cancel();
    jest.advanceTimersByTime(10_000);
    expect(signal.aborted).toBe(false);
  });

  it('should not count the time in which the process was frozen', () => {
    const { signal } = expiry(250);
    freeze(40_000);
    jest.advanceTimersByTime(250);
    expect(signal.aborted).toBe(false);
    jest.advanceTimersByTime(250);
    expect(signal.aborted).toBe(true);
  });
});
