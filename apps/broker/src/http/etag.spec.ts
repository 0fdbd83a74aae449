import { describe, expect, it } from '@jest/globals';
import { etag, expectedVersion } from './etag.js';

describe('expectedVersion', () => {
  it('should read the ETag that was answered', () => {
    expect(expectedVersion(etag(7))).toBe(7);
    expect(expectedVersion(' "12" ')).toBe(12);
  });

  it('should expect nothing where nothing is said, and any version for *', () => {
    expect(expectedVersion(undefined)).toBeUndefined();
    expect(expectedVersion(' * ')).toBe('*');
  });

  it.each(['', '7', '"seven"', '"-1"', '"1", "2"', '"9999999999"', '"1'])(
    'should match no version for %j',
    (header) => {
      expect(expectedVersion(header)).toBe(-1);
    },
  );
});
