import { describe, expect, it } from '@jest/globals';
import { TIMING } from '@app/config';
import { retryIn } from './backoff.js';

const least = () => 0;
const most = () => 1;

describe('retryIn', () => {
  it.each([
    [0, 1000],
    [1, 2000],
    [4, 16_000],
    [8, 256_000],
    [9, 300_000],
    [10_000, 300_000],
  ])('should, after %d failures before, wait between 1 s and %d ms', (failures, bound) => {
    expect(retryIn(failures, TIMING, undefined, least)).toBe(1000);
    expect(retryIn(failures, TIMING, undefined, most)).toBe(bound);
  });

  it('should spread waits over the whole range', () => {
    const waits = Array.from({ length: 1000 }, () => retryIn(9, TIMING));
    expect(waits.filter((wait) => wait < 100_000).length).toBeGreaterThan(200);
    expect(waits.filter((wait) => wait > 200_000).length).toBeGreaterThan(200);
    expect(Math.max(...waits)).toBeLessThanOrEqual(300_000);
  });

  it('should never be earlier than the provider asked for', () => {
    expect(retryIn(0, TIMING, 7, least)).toBe(7000);
    expect(retryIn(0, TIMING, 3600, most)).toBe(3_600_000);
  });

  it('should be later where the back-off is longer than what the provider asked for', () => {
    expect(retryIn(9, TIMING, 7, most)).toBe(300_000);
    expect(retryIn(0, TIMING, 0, least)).toBe(1000);
  });
});
