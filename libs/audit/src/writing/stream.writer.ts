import type { Clock } from '@app/common';
import { type AuditBatch, type AuditStore, BatchRefused, type Receipt, StreamMoved } from './audit.store.js';
import type { AuditRow } from './row.js';
import type { RowWriter } from './row.writer.js';
import { Stream } from './stream.js';

const SETTLED: Receipt = { mark: undefined };

interface Sent {
  /** What its writer had opened then. */
  readonly opened: Promise<Stream>;
  readonly stream: Stream;
  readonly batch: AuditBatch;
}

/**
 * Batches into the database, two on their way at most: the second continues the first, so it stands only where that does. One that
 * fails ends its stream: another one begins, so that no stream has a hole or a fork.
 */
export class StreamWriter implements RowWriter {
  readonly depth = 2;
  private opened: Promise<Stream> | undefined;
  private newest: Sent | undefined;
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
    const opened = (this.opened ??= this.begin());
    const stream = await opened.catch((error: unknown) => this.leave(opened, error));
    if (turn !== this.turn) {
      throw new Error('The batch was given up before it was sent.');
    }
    const sent: Sent = { opened, stream, batch: stream.extend(rows, this.clock.now()) };
    stream.advance(sent.batch);
    this.newest = sent;
    try {
      const receipt = await this.insert(sent, isAwaited);
      await (turn === this.turn ? undefined : this.store.close(stream.id).catch(() => undefined));
      return receipt;
    } finally {
      this.newest = this.newest === sent ? undefined : this.newest;
    }
  }

  /**
   * Gives up the batch that is under way, with its stream, and says whether it stands all the same. Where this answers false, its
   * rows will not be written any more; where it rejects, nobody knows. For who hands in one batch at a time.
   */
  async abandon(): Promise<boolean> {
    const { newest } = this;
    this.turn += 1;
    this.opened = undefined;
    this.newest = undefined;
    return newest !== undefined && this.stands(newest);
  }

  async close(): Promise<void> {
    const { opened } = this;
    this.opened = undefined;
    // A stream left open is no fault: its head stands all the same.
    await opened?.then(({ id }) => this.store.close(id)).catch(() => undefined);
  }

  private async begin(): Promise<Stream> {
    return new Stream(await this.store.openStream(), this.replica);
  }

  /** Nothing continues this stream any more. */
  private leave(opened: Promise<Stream>, cause: unknown): never {
    this.opened = this.opened === opened ? undefined : this.opened;
    throw cause;
  }

  private async stands({ stream, batch }: Sent): Promise<boolean> {
    return stream.isIn(batch, await this.store.settle(batch));
  }

  /** Where nobody knows whether the batch stands, its stream is closed, and the head that it was closed with tells. */
  private async insert(sent: Sent, isAwaited: () => boolean): Promise<Receipt> {
    try {
      return await this.store.insert(sent.batch).catch((error: unknown) => this.leave(sent.opened, error));
    } catch (error) {
      if (error instanceof BatchRefused) {
        throw error;
      }
      const settlement = this.stands(sent);
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
