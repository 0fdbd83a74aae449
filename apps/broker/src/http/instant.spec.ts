import { describe, expect, it } from '@jest/globals';
import { toInstant } from './instant.js';

describe(toInstant.name, () => {
  it.each([
    ['2026-11-21T10:00:00Z', Date.UTC(2026, 10, 21, 10)],
    ['2026-11-21T10:00:00.123456789Z', Date.UTC(2026, 10, 21, 10, 0, 0, 123)],
    ['2026-11-21t10:00:00z', Date.UTC(2026, 10, 21, 10)],
    ['2026-11-21T12:00:00+02:00', Date.UTC(2026, 10, 21, 10)],
    ['2024-02-29T00:00:00-00:00', Date.UTC(2024, 1, 29)],
  ])('should read %s', (text, instant) => {
    expect(toInstant(text)).toBe(instant);
  });

  it.each([
    '',
    'yesterday',
    '1763719200',
    '2026-11-21',
    '2026-11-21T10:00:00',
    '2026-11-21 10:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-11-00T00:00:00Z',
    '2026-11-21T25:00:00Z',
    '2026-11-21T10:61:00Z',
    '2026-11-21T10:00:00+25:00',
    '+002026-11-21T10:00:00Z',
    '2026-11-21T10:00:00Z\0',
  ])('should refuse %p', (text) => {
    expect(toInstant(text)).toBeUndefined();
  });
});
