import type { Clock } from '@app/common';
import { type AuditBatch, type AuditStore, BatchRefused, type Receipt, StreamMoved } from './audit.store.js';
import type { AuditRow } from './row.js';
import type { RowWriter } from './row.writer.js';
import { Stream } from './stream.js';

const SETTLED: Receipt = { mark: undefined };

/** Batches into the database. One that fails ends its stream: another one begins, so that no stream has a hole or a fork. */
export class StreamWriter implements RowWriter {
  private stream: Stream | undefined;
  private underWay: AuditBatch | undefined;
  /** Counts what was given up: what comes back of it later finds that it is not wanted any more. */
  private turn = 0;

  constructor(
    private readonly store: AuditStore,
    private readonly replica: string,
    private readonly clock: Clock,
  ) {}

  /** A stream is opened by its first batch. */
  async open(): Promise<void> {}

  /** A stream that moved away under its writer took nothing for certain: the batch begins another one, and nobody notices. */
  async write(rows: readonly AuditRow[], isAwaited: () => boolean): Promise<Receipt> {
    const { turn } = this;
    try {
      return await this.attempt(rows, isAwaited);
    } catch (error) {
      if (!(error instanceof StreamMoved) || turn !== this.turn) {
        throw error;
      }
      return this.attempt(rows, isAwaited);
    }
  }

  private async attempt(rows: readonly AuditRow[], isAwaited: () => boolean): Promise<Receipt> {
    const { turn } = this;
    const stream = this.stream ?? new Stream(await this.store.openStream(), this.replica);
    if (turn !== this.turn) {
      throw new Error('The batch was given up before it was sent.');
    }
    this.stream = stream;
    const batch = stream.extend(rows, this.clock.now());
    this.underWay = batch;
    try {
      const receipt = await this.insert(batch, isAwaited);
      stream.advance(batch);
      await (turn === this.turn ? undefined : this.store.close(stream.id).catch(() => undefined));
      return receipt;
    } finally {
      this.underWay = this.underWay === batch ? undefined : this.underWay;
    }
  }

  /**
   * Gives up the batch that is under way, with its stream, and says whether it stands all the same. Where this answers false, its
   * rows will not be written any more; where it rejects, nobody knows.
   */
  async abandon(): Promise<boolean> {
    const { underWay } = this;
    this.turn += 1;
    this.stream = undefined;
    this.underWay = undefined;
    return underWay !== undefined && this.store.settle(underWay);
  }

  async close(): Promise<void> {
    const { stream } = this;
    this.stream = undefined;
    // A stream left open is no fault: its head stands all the same.
    await (stream && this.store.close(stream.id).catch(() => undefined));
  }

  /** Where nobody knows whether the batch stands, its stream is closed, and the head that it was closed with tells. */
  private async insert(batch: AuditBatch, isAwaited: () => boolean): Promise<Receipt> {
    try {
      return await this.store.insert(batch);
    } catch (error) {
      this.stream = this.stream?.id === batch.stream ? undefined : this.stream;
      if (error instanceof BatchRefused) {
        throw error;
      }
      const settlement = this.store.settle(batch);
      if (!isAwaited()) {
        // A statement that hangs may hold its stream's row: the next batch does not wait for it.
        settlement.catch(() => undefined);
        throw error;
      }
      if (!(await settlement)) {
        throw error;
      }
      return SETTLED;
    }
  }
}
