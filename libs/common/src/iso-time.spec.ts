import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { isoTime } from './iso-time.js';

const LATEST = 8.64e15;
const NOW = Date.parse('2026-11-21T10:29:02.123Z');

describe(isoTime.name, () => {
  it('should write every time as a Date does', () => {
    const times = fc.oneof(
      fc.integer({ min: -LATEST, max: LATEST }),
      fc.integer({ min: NOW - 100_000, max: NOW + 100_000 }),
      fc.constantFrom(0, -0, -1, 59_999, 60_000, -60_000, -60_001, LATEST, -LATEST, LATEST - 1),
    );
    fc.assert(
      fc.property(times, (ms) => {
        expect(isoTime(ms)).toBe(new Date(ms).toISOString());
        expect(isoTime(ms, true)).toBe(new Date(ms).toISOString().replace('.000Z', 'Z'));
      }),
      { numRuns: 10_000 },
    );
  });

  it('should leave parts of milliseconds away, as a Date does', () => {
    const times = fc.double({ min: -LATEST, max: LATEST, noNaN: true });
    fc.assert(fc.property(times, (ms) => expect(isoTime(ms)).toBe(new Date(ms).toISOString())));
  });

  it.each([NaN, Infinity, -Infinity, LATEST + 1, -LATEST - 1])('should write no time that is none: %p', (ms) => {
    expect(() => isoTime(ms)).toThrow(RangeError);
  });
});
