import type { Checkpoint } from '../chain/checkpoint.js';
import { type ChainedTo, CheckpointChain } from './checkpoint-chain.js';
import type { Floor } from './floor.js';
import type { LogSource, Snapshot, StoredCheckpoint, TimeRange } from './log-source.js';
import type { VerificationRequest } from './verification.js';

/** Checkpoints are read as rows pass by, somewhat ahead of them, so that neither is held in memory. */
export class CheckpointPass {
  readonly chain: CheckpointChain;
  #pages: AsyncIterator<readonly StoredCheckpoint[]>;
  #readUpTo = '';
  #ended = false;

  constructor(
    source: LogSource,
    request: VerificationRequest,
    first: ChainedTo | undefined,
    readonly last: number | undefined,
    private readonly onHeads: (checkpoint: Checkpoint) => Promise<void>,
  ) {
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
    this.chain.end(this.last ?? 0);
  }

  async #take(stored: StoredCheckpoint): Promise<void> {
    const checkpoint = this.chain.accept(stored);
    if (checkpoint !== undefined) {
      this.#readUpTo = checkpoint.at > this.#readUpTo ? checkpoint.at : this.#readUpTo;
      await this.onHeads(checkpoint);
    }
  }
}

/** Which checkpoints concern a range: from the one before it to the one after. `first` is undefined where any may be the first. */
export async function checkpointsOf(
  source: LogSource,
  { from, to }: TimeRange,
  floor: Floor,
  snapshot: Snapshot | undefined,
): Promise<{ readonly first: ChainedTo | undefined; readonly last: number | undefined }> {
  if (!source.isWhole) {
    return { first: undefined, last: undefined };
  }
  const newest = snapshot?.lastCheckpoint;
  const before = from === undefined ? 0 : await source.checkpointBefore(from);
  const first = before > floor.checkpoint.number ? { number: before, hash: undefined } : floor.checkpoint;
  const last =
    to === undefined || newest === undefined ? newest : Math.min((await source.checkpointBefore(to)) + 1, newest);
  return { first, last };
}
