import type { Link } from '../chain/chain.js';
import { BEFORE_THE_FIRST, type ChainedTo, readSigned } from './checkpoint-chain.js';
import type { Fault } from './fault.js';
import type { StoredCheckpoint } from './log-source.js';
import type { PublicKeys } from './public-keys.js';
import { toLink } from './stream-check.js';

/** Where the log begins: at its first row, or after what the newest retirement took out of it. */
export interface Floor {
  /** First moment of what is kept; undefined where nothing was retired. */
  readonly from: string | undefined;
  /** Last row before it of each stream that goes on. */
  readonly streams: ReadonlyMap<string, Link>;
  readonly checkpoint: ChainedTo;
}

/** The floor that this checkpoint, the newest with a retirement, tells; or why it cannot be relied on. */
export function floorOf(stored: StoredCheckpoint | undefined, keys: PublicKeys): Floor | Fault {
  if (stored === undefined) {
    return { from: undefined, streams: new Map(), checkpoint: BEFORE_THE_FIRST };
  }
  const checkpoint = readSigned(stored, 0, keys);
  if ('kind' in checkpoint) {
    return checkpoint;
  }
  const { retired } = checkpoint;
  return {
    from: retired && `${retired.before}T00:00:00.000Z`,
    streams: new Map(retired?.streams.map(({ id, seq, hash }) => [id, toLink(seq, hash)])),
    checkpoint: retired?.checkpoint ?? BEFORE_THE_FIRST,
  };
}
