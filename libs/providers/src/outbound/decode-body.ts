import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import type { FailureReason } from '../outcome.js';

type Decoder = (body: Buffer, options: { readonly maxOutputLength: number }) => Buffer;

/** Content codings of RFC 9110, 8.4.1 that are undone. */
const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['', (body) => body],
  ['identity', (body) => body],
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', inflateSync],
  ['br', brotliDecompressSync],
]);

/**
 * A body without its content coding, at most `longest` bytes of it. None is asked for, but an answer that is coded all the same may
 * hold the only valid credential in the world. Whoever packs more than is read is found out without its being unpacked.
 */
export function decodeBody(body: Buffer, coding: string, longest: number): Buffer | FailureReason {
  const decode = DECODERS.get(coding.trim().toLowerCase());
  if (decode === undefined) {
    return 'unreadable_answer';
  }
  try {
    return decode(body, { maxOutputLength: longest });
  } catch (error) {
    return Object(error).code === 'ERR_BUFFER_TOO_LARGE' ? 'answer_too_large' : 'unreadable_answer';
  }
}
