import { NAME_PATTERN } from './names.js';
import { describe, expect, it } from '@jest/globals';
import { keyOfCursor, toPage } from './page.js';

describe('toPage', () => {
  it('should end where no more rows follow', () => {
    expect(toPage(['a', 'b'], 2, (row) => row)).toEqual({ items: ['a', 'b'], nextCursor: null });
    expect(toPage([], 2, String)).toEqual({ items: [], nextCursor: null });
  });

  it('should leave out the row too many, and give a cursor for the last one shown', () => {
    const { items, nextCursor } = toPage(['a', 'b', 'c'], 2, (row) => row);
    expect(items).toEqual(['a', 'b']);
    expect(keyOfCursor(nextCursor ?? '', NAME_PATTERN)).toBe('b');
  });
});

describe('keyOfCursor', () => {
  it.each(['', 'b', 'Qg', 'Yg==', ' Yg', 'YgA', 'x'.repeat(1000)])(
    'should refuse %j by the name of the field',
    (cursor) => {
      expect(() => keyOfCursor(cursor, NAME_PATTERN)).toThrow(
        expect.objectContaining({
          code: 'invalid_request',
          facts: { errors: [expect.objectContaining({ field: 'cursor' })] },
        }),
      );
    },
  );
});
