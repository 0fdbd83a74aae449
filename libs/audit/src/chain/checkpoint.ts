import { createHash, type KeyObject, sign, verify } from 'node:crypto';

/** What is signed begins with this, so that a signature can never be taken for one of something else. */
const PURPOSE = 'claviger audit checkpoint v1\n';

/** The `previous` of the first checkpoint. */
export const NO_CHECKPOINT = '0'.repeat(64);

/** The newest row of a stream, as a checkpoint names it; `hash` in hex. */
export interface StreamHead {
  readonly id: string;
  readonly seq: number;
  readonly hash: string;
}

/** What was taken out of the log because its time was over, and where what remains begins. */
export interface Retirement {
  /** Day (UTC, `2026-11-20`): no row and no checkpoint of before is kept. */
  readonly before: string;
  /** The last row before that day of each stream that goes on after it: what its next row is chained to. */
  readonly streams: readonly StreamHead[];
  /** The last checkpoint before that day; null where there was none. */
  readonly checkpoint: { readonly number: number; readonly hash: string } | null;
}

/** The signed heads of all streams that changed since the checkpoint before. */
export interface Checkpoint {
  readonly version: 1;
  /** 1 for the first. */
  readonly number: number;
  /** RFC 3339, UTC, the database's time. */
  readonly at: string;
  /** Hash of the checkpoint before. */
  readonly previous: string;
  /** Id of the signing key. */
  readonly key: string;
  readonly streams: readonly StreamHead[];
  /** The newest retirement there was; only on the checkpoint that brings it. */
  readonly retired?: Retirement;
}

/** A checkpoint with the exact text that was signed. */
export interface SignedCheckpoint {
  readonly body: string;
  readonly signature: Buffer;
}

/** Signs with an Ed25519 key. */
export function signCheckpoint(checkpoint: Checkpoint, key: KeyObject): SignedCheckpoint {
  const body = JSON.stringify(checkpoint);
  return { body, signature: sign(null, Buffer.from(PURPOSE + body), key) };
}

/** True where the holder of the key signed this very text. `key` is the Ed25519 public key. */
export const isSignedBy = ({ body, signature }: SignedCheckpoint, key: KeyObject): boolean =>
  verify(null, Buffer.from(PURPOSE + body), key, signature);

/** What the next checkpoint is chained to, in hex: SHA-256(text ‖ signature). */
export const hashOfCheckpoint = ({ body, signature }: SignedCheckpoint): string =>
  createHash('sha256').update(body).update(signature).digest('hex');

/** What the text of a checkpoint says. Trust it only where `isSignedBy` holds. Throws where it is no JSON. */
export const parseCheckpoint = (body: string): Checkpoint => JSON.parse(body) as Checkpoint;
