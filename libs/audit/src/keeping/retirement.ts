import type { Link } from '../chain/chain.js';
import type { Retirement, StreamHead } from '../chain/checkpoint.js';

/** A stream as `audit_streams` knows it; times in epoch milliseconds. */
export interface StreamState {
  readonly id: string;
  readonly replica: string;
  readonly head: Link;
  readonly headAt: number | null;
  readonly closedAt: number | null;
  /** The newest row that a checkpoint names, and the number of the newest checkpoint that does. */
  readonly checkpointSeq: number;
  readonly checkpointNumber: number;
}

/** What is before a day. */
export interface Past {
  /** Day (UTC, `2026-11-20`). */
  readonly before: string;
  /** Last row before it of every stream that has or had one. */
  readonly ends: ReadonlyMap<string, Link>;
  /** The last checkpoint before it. */
  readonly checkpoint: Retirement['checkpoint'];
}

/** The first moment that is kept, epoch milliseconds. */
export const boundaryOf = (before: string): number => Date.parse(`${before}T00:00:00.000Z`);

/** True where the stream ended before that day: nothing of it is kept but what a checkpoint says. */
export const isPast = ({ closedAt, headAt }: StreamState, before: string): boolean =>
  closedAt !== null && Math.max(closedAt, headAt ?? closedAt) < boundaryOf(before);

/**
 * What a checkpoint says about everything that goes. A stream that ended and that a kept checkpoint may still name stays, so that no
 * checkpoint names a stream that nobody knows.
 */
export function retirementOf({ before, ends, checkpoint }: Past, streams: readonly StreamState[]): Retirement {
  const goes = (stream: StreamState): boolean =>
    isPast(stream, before) &&
    stream.checkpointSeq === stream.head.seq &&
    stream.checkpointNumber <= (checkpoint?.number ?? 0);
  const going = new Set(streams.filter(goes).map(({ id }) => id));
  const kept = [...ends]
    .filter(([id]) => !going.has(id))
    .map(([id, { seq, hash }]): StreamHead => {
      return { id, seq, hash: hash.toString('hex') };
    });
  return { before, streams: kept.toSorted((one, other) => Number(one.id) - Number(other.id)), checkpoint };
}

/** Where what is kept since a retirement begins, by stream. */
export const floorOf = (retired: Retirement | undefined): ReadonlyMap<string, Link> =>
  new Map(retired?.streams.map(({ id, seq, hash }) => [id, { seq, hash: Buffer.from(hash, 'hex') }]));
