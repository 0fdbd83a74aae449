import { describe, expect, it } from '@jest/globals';
import { newTimedId } from './ids.js';

describe(newTimedId.name, () => {
  it('should be a UUID of version 7 that begins with the time', () => {
    const id = newTimedId(Date.UTC(2026, 10, 29));
    expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(Date.UTC(2026, 10, 29));
  });

  it('should sort by time', () => {
    expect(newTimedId(1_700_000_000_000) < newTimedId(1_700_000_000_001)).toBe(true);
  });

  it('should be another one each time', () => {
    expect(new Set(Array.from({ length: 1000 }, () => newTimedId(0))).size).toBe(1000);
  });
});
