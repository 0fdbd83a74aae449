import { describe, expect, it } from '@jest/globals';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { decodeBody } from './decode-body.js';

const TEXT = Buffer.from('{"access_token":"a"}');

describe(decodeBody.name, () => {
  it.each([
    ['', TEXT],
    ['identity', TEXT],
    ['gzip', gzipSync(TEXT)],
    [' X-GZIP ', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
  ])('should undo the coding "%s"', (coding, body) => {
    expect(decodeBody(body, coding, 100)).toEqual(TEXT);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('should not unpack a bomb of %s', (coding, pack) => {
    expect(decodeBody(pack(Buffer.alloc(50_000_000)), coding, 65_536)).toBe('answer_too_large');
  });

  it.each([
    ['gzip', TEXT],
    ['gzip', gzipSync(TEXT).subarray(0, 20)],
    ['br', TEXT],
    ['zstd', TEXT],
    ['gzip, gzip', gzipSync(gzipSync(TEXT))],
    ['constructor', TEXT],
  ])('should say that what is no %s cannot be read', (coding, body) => {
    expect(decodeBody(body, coding, 100)).toBe('unreadable_answer');
  });
});
