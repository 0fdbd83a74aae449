import {
  type Checkpoint,
  hashOfCheckpoint,
  NO_CHECKPOINT,
  parseCheckpoint,
  type Retirement,
  type SignedCheckpoint,
  type StreamHead,
} from '../chain/checkpoint.js';

/** What the log looked like at one moment: one snapshot. */
export interface LogState {
  /** The database's time, epoch milliseconds. */
  readonly now: number;
  /** The newest checkpoint. */
  readonly newest: SignedCheckpoint | undefined;
  /** Streams whose head is not marked as signed. */
  readonly heads: readonly StreamHead[];
}

/**
 * The checkpoint that follows, signed with the key of this id; `undefined` where there is nothing new to sign. Its time is never
 * before that of the one before, so that their order is the order of times.
 */
export function nextCheckpoint(
  { now, newest, heads }: LogState,
  key: string,
  retired?: Retirement,
): Checkpoint | undefined {
  const before = newest && parseCheckpoint(newest.body);
  if (retired === undefined && heads.every((head) => isNamed(head, before))) {
    return undefined;
  }
  return {
    version: 1,
    number: (before?.number ?? 0) + 1,
    at: new Date(Math.max(now, before === undefined ? now : Date.parse(before.at))).toISOString(),
    previous: newest === undefined ? NO_CHECKPOINT : hashOfCheckpoint(newest),
    key,
    streams: heads,
    ...(retired === undefined ? {} : { retired }),
  };
}

/** A head may be signed and not marked so yet: its row was busy at that moment. */
const isNamed = (head: StreamHead, before: Checkpoint | undefined): boolean =>
  before?.streams.some(({ id, seq, hash }) => id === head.id && seq === head.seq && hash === head.hash) === true;
