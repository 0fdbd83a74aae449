import { describe, expect, it } from '@jest/globals';
import { etag, expectedVersion } from './etag.js';

describe('expectedVersion', () => {
  it('should read the ETag that was answered', () => {
    expect(expectedVersion(etag(7))).toEqual([7]);
    expect(expectedVersion(' "12" ')).toEqual([12]);
    expect(expectedVersion('W/"12"')).toEqual([12]);
  });

  it('should expect nothing where nothing is said, and any version for *', () => {
    expect(expectedVersion(undefined)).toBeUndefined();
    expect(expectedVersion(' * ')).toBe('*');
  });

  it.each([
    ['"1", "2"', [1, 2]],
    [',"1",,W/"2" ,', [1, 2]],
    ['"theirs", "3"', [3]],
    ['"a,b", "4"', [4]],
  ])('should read the list %j', (header, versions) => {
    expect(expectedVersion(header)).toEqual(versions);
  });

  it.each(['', '7', '"seven"', '"-1"', '"9999999999"', '"1', '"1" "2"', 'abc'])(
    'should match no version for %j',
    (header) => {
      expect(expectedVersion(header)).toEqual([]);
    },
  );
});
