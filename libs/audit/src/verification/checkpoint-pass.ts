import type { Checkpoint } from '../chain/checkpoint.js';
import { type ChainedTo, CheckpointChain } from './checkpoint-chain.js';
import type { Floor } from './floor.js';
import type { LogSource, Snapshot, StoredCheckpoint, TimeRange } from './log-source.js';
import type { VerificationRequest } from './verification.js';

/** Which checkpoints are read. */
interface CheckpointRange {
  /** What the first of them is chained to; undefined where any may be the first. */
  readonly first: ChainedTo | undefined;
  /** Up to this number their heads are of rows before the range. */
  readonly before: number;
  readonly last: number | undefined;
}

/** Checkpoints are read as rows pass by, somewhat ahead of them, so that neither is held in memory. */
export class CheckpointPass {
  readonly chain: CheckpointChain;
  #pages: AsyncIterator<readonly StoredCheckpoint[]>;
  #readUpTo = '';
  #ended = false;

  constructor(
    source: LogSource,
    request: VerificationRequest,
    private readonly range: CheckpointRange,
    private readonly onHeads: (checkpoint: Checkpoint) => Promise<void>,
  ) {
    const { first, last } = range;
    this.chain = new CheckpointChain(request.keys, first, request.held);
    this.#pages = source.checkpoints(first?.number ?? 0, last)[Symbol.asyncIterator]();
  }

  /** Reads until a checkpoint is as late as this, or there is none any more. */
  async readUpTo(time: string): Promise<void> {
    while (!this.#ended && this.#readUpTo < time) {
      const { done, value } = await this.#pages.next();
      this.#ended = done === true;
      for (const stored of this.#ended ? [] : (value as readonly StoredCheckpoint[])) {
        await this.#take(stored);
      }
    }
  }

  /** Reads what is left. */
  async finish(): Promise<void> {
    await this.readUpTo('\uFFFF');
    this.chain.end(this.range.last ?? 0);
  }

  async #take(stored: StoredCheckpoint): Promise<void> {
    const checkpoint = this.chain.accept(stored);
    if (checkpoint !== undefined) {
      this.#readUpTo = checkpoint.at > this.#readUpTo ? checkpoint.at : this.#readUpTo;
      await (checkpoint.number > this.range.before ? this.onHeads(checkpoint) : undefined);
    }
  }
}

/**
 * Which checkpoints concern a range: from the one before it to the one after, both included. Where they stand is looked up by a column
 * that nobody signed, so what was looked up is read itself, and its column held against its text.
 */
export async function checkpointsOf(
  source: LogSource,
  { from, to }: TimeRange,
  floor: Floor,
  snapshot: Snapshot | undefined,
): Promise<CheckpointRange> {
  if (!source.isWhole) {
    return { first: undefined, before: 0, last: undefined };
  }
  const newest = snapshot?.lastCheckpoint;
  const before = from === undefined ? 0 : await source.checkpointBefore(from);
  const end = to === undefined ? undefined : await source.checkpointBefore(to);
  const given = Math.min(before, end ?? before) - 1;
  const first = given > floor.checkpoint.number ? { number: given, hash: undefined } : floor.checkpoint;
  const last = end === undefined || newest === undefined ? newest : Math.min(Math.max(before, end) + 1, newest);
  return { first, before, last };
}
