import { createHash, hash as digest } from 'node:crypto';

/** Bytes of every hash in the log: SHA-256. */
export const HASH_BYTES = 32;

const NUMBER_BYTES = 8;

/** A place in a stream: the number of a row, 0 before the first, and its hash. */
export interface Link {
  readonly seq: number;
  readonly hash: Buffer;
}

/** What a stream's first row is chained to, so that no row of one stream fits another. The same as `audit_genesis` in SQL. */
export const genesis = (stream: string, replica: string): Link => ({
  seq: 0,
  hash: createHash('sha256').update(`claviger audit stream v1\n${stream}\n${replica}\n`).digest(),
});

/** The link of the row that follows `previous`: SHA-256(previous hash ‖ number, 8 bytes big endian ‖ text in UTF-8). */
export function nextLink(previous: Link, body: string): Link {
  const seq = previous.seq + 1;
  const bytes = Buffer.allocUnsafe(HASH_BYTES + NUMBER_BYTES + Buffer.byteLength(body));
  previous.hash.copy(bytes);
  bytes.writeBigUInt64BE(BigInt(seq), HASH_BYTES);
  bytes.write(body, HASH_BYTES + NUMBER_BYTES);
  return { seq, hash: digest('sha256', bytes, 'buffer') };
}

/** True where both name the same row of the same history. */
export const sameLink = (one: Link, other: Link): boolean => one.seq === other.seq && one.hash.equals(other.hash);
