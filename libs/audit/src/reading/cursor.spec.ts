import { describe, expect, it } from '@jest/globals';
import { keyOf, positionOf } from './cursor.js';

const encode = (plain: string): string => Buffer.from(plain).toString('base64url');

describe('cursor', () => {
  it('should stand for the place it was made of', () => {
    const at = new Date('2026-11-21T10:00:00.123Z');
    const cursor = encode(keyOf({ at, stream: '999999999999999999', seq: '41' }));
    expect(positionOf(cursor)).toEqual({ at: at.getTime(), stream: '999999999999999999', seq: '41' });
  });

  it.each([
    ['nothing', ''],
    ['noise', '%%%'],
    ['other text', encode('hello')],
    ['a missing part', encode('1.2')],
    ['a negative part', encode('1.-2.3')],
    ['a stream beyond 64 bits', encode('1.9223372036854775808.3')],
    ['a sequence beyond 64 bits', encode('1.2.9999999999999999999')],
    ['an impossible time', encode('1000000000000000.2.3')],
    ['SQL', encode(`1.2.3'; DROP TABLE audit_events; --`)],
    ['padding', `${encode('1.2.3')}==`],
    ['trailing noise', `${encode('1.2.3')} `],
    ['NUL', encode('1.2.3\0')],
  ])('should refuse %s', (_what, cursor) => {
    const decoding = (): unknown => positionOf(cursor);
    expect(decoding).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    expect(decoding).toThrow(/^cursor: /);
  });
});
