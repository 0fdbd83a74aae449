import { createHash, hash as digest } from 'node:crypto';

/** Bytes of every hash in the log: SHA-256. */
export const HASH_BYTES = 32;

const NUMBER_BYTES = 8;
const HEADER_BYTES = HASH_BYTES + NUMBER_BYTES;

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
export const nextLink = (previous: Link, body: string): Link => ({
  seq: previous.seq + 1,
  hash: hashesAfter(previous, [body]),
});

/** What is hashed, one row after the other; it grows with the longest text. */
let scratch = Buffer.allocUnsafeSlow(8192);

/** The hashes of the rows with these texts, side by side: the first follows `previous`, each other one the one before it. */
export function hashesAfter(previous: Link, bodies: readonly string[]): Buffer {
  const hashes = Buffer.allocUnsafe(HASH_BYTES * bodies.length);
  let { seq } = previous;
  let place = 0;
  previous.hash.copy(scratch);
  for (const body of bodies) {
    seq += 1;
    const length = HEADER_BYTES + writeNumbered(seq, body);
    // As a string of bytes: that costs half of what a Buffer for each hash does.
    const hash = digest('sha256', scratch.subarray(0, length), 'binary');
    scratch.write(hash, 0, 'latin1');
    place += hashes.write(hash, place, 'latin1');
  }
  return hashes;
}

/** Behind the hash that stands in front; answers the bytes of the text. */
function writeNumbered(seq: number, body: string): number {
  const most = HEADER_BYTES + 3 * body.length;
  if (most > scratch.length) {
    scratch = Buffer.concat([scratch.subarray(0, HASH_BYTES)], 2 * most);
  }
  scratch.writeUInt32BE(Math.floor(seq / 2 ** 32), HASH_BYTES);
  scratch.writeUInt32BE(seq % 2 ** 32, HASH_BYTES + 4);
  return scratch.write(body, HEADER_BYTES);
}

/** True where both name the same row of the same history. */
export const sameLink = (one: Link, other: Link): boolean => one.seq === other.seq && one.hash.equals(other.hash);
