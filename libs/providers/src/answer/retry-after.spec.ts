import { describe, expect, it } from '@jest/globals';
import { readRetryAfter } from './retry-after.js';

const NOW = Date.UTC(2026, 10, 21, 12);

describe(readRetryAfter.name, () => {
  it.each([
    ['5', 5],
    [' 120 ', 120],
    ['0', 0],
    ['86400', 3600],
    ['99999999999999999999', 3600],
    ['Sat, 21 Nov 2026 12:00:30 GMT', 30],
    ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
    ['Sun, 22 Nov 2026 12:00:00 GMT', 3600],
    ['Saturday, 21-Nov-26 12:00:30 GMT', 30],
  ])('should read %p as %d seconds', (header, seconds) => {
    expect(readRetryAfter(header, NOW)).toBe(seconds);
  });

  it.each([undefined, '', '-5', '1.5', 'soon', '2026-11-21', 'Infinity'])('should ignore %p', (header) => {
    expect(readRetryAfter(header, NOW)).toBeUndefined();
  });
});
