import { BrokerError, type Clock } from '@app/common';
import type { AuditEvent } from '../event.js';
import type { AuditHealth } from './audit.health.js';
import { appendSeconds, batchSize, failures } from './audit.metrics.js';
import { type AuditBatch, type AuditStore, BatchRefused, type Receipt } from './audit.store.js';
import { PendingAppend } from './pending-append.js';
import { toRow } from './row.js';
import { Stream } from './stream.js';
import { type After, after } from './timing.js';

const LARGEST_BATCH = 512;
const LONGEST_QUEUE = 100_000;
const DEADLINE_MS = 2000;
const RETRY_AFTER_SECONDS = 1;
const NOTHING: Receipt = { mark: undefined };

/** Who is told of the change mark that a commit saw: ChangeFeed. */
export interface MarkListener {
  observe(mark: string): void;
}

/**
 * Group commit (audit.md, "How it is written"): while one batch is on its way new events queue; when it returns, all that
 * are queued go as the next one. No timer gathers events, so a lone one waits for nobody.
 */
export class AuditWriter {
  private readonly queue: PendingAppend[] = [];
  private queued = 0;
  private stream: Stream | undefined;
  private writing: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly store: AuditStore,
    private readonly health: AuditHealth,
    private readonly replica: string,
    private readonly clock: Clock,
    private readonly news: MarkListener,
    private readonly timers: After = after,
  ) {}

  /**
   * Resolves when all rows are committed, in the order given and in one batch. Rejects with `audit_unavailable` when their
   * batch failed, 2 s have passed, the queue is full, or the log is closed.
   */
  async append(events: readonly AuditEvent[]): Promise<Receipt> {
    if (events.length === 0) {
      return NOTHING;
    }
    if (this.closed) {
      throw refused(events.length, 'The audit log is closed: this replica is stopping. Ask another one.');
    }
    if (this.queued + events.length > LONGEST_QUEUE) {
      throw refused(events.length, 'Too many events wait for the audit log. Ask again later.');
    }
    return this.enqueue(new PendingAppend(events.map(toRow)));
  }

  /** Resolves when nothing is queued or under way any more. Never rejects. */
  async flush(): Promise<void> {
    while (this.writing) {
      await this.writing;
    }
  }

  /** Refuses further events, and resolves when those already handed in are settled and the stream is closed. Never rejects. */
  async close(): Promise<void> {
    this.closed = true;
    await this.flush();
    const { stream } = this;
    this.stream = undefined;
    // A stream left open is no fault: its head stands all the same.
    await (stream && this.store.close(stream.id).catch(() => undefined));
  }

  /** Whether an event could be appended now. Never rejects. */
  async isAppendable(): Promise<boolean> {
    return !this.closed && this.health.isAppendable();
  }

  private enqueue(pending: PendingAppend): Promise<Receipt> {
    pending.expireAfter(DEADLINE_MS, this.timers, () => this.expire(pending));
    this.queue.push(pending);
    this.queued += pending.rows.length;
    this.writing ??= this.writeAll();
    return pending.settlement;
  }

  private expire(pending: PendingAppend): void {
    const error = unavailable('The audit log did not answer in time, so nothing may leave. Ask again.');
    this.health.failed(error);
    failures.inc(pending.fail(error));
  }

  private async writeAll(): Promise<void> {
    for (let batch = this.take(); batch.length > 0; batch = this.take()) {
      await this.write(batch);
    }
    this.writing = undefined;
  }

  /** The next batch: whole calls, in order. What was refused while it waited is left out, so that its row never appears. */
  private take(): readonly PendingAppend[] {
    const batch: PendingAppend[] = [];
    let size = 0;
    let taken = 0;
    for (const pending of this.queue) {
      const fits = batch.length === 0 || size + pending.rows.length <= LARGEST_BATCH;
      if (!pending.isSettled && !fits) {
        break;
      }
      taken += 1;
      this.queued -= pending.rows.length;
      if (!pending.isSettled) {
        batch.push(pending);
        size += pending.rows.length;
      }
    }
    this.queue.splice(0, taken);
    return batch;
  }

  /** Never rejects. A batch that fails ends its stream: another one begins, so that no stream has a hole or a fork. */
  private async write(pending: readonly PendingAppend[]): Promise<void> {
    const rows = pending.flatMap((append) => append.rows);
    try {
      this.stream ??= new Stream(await this.store.openStream(), this.replica);
      const batch = this.stream.extend(rows, this.clock.now());
      const receipt = await this.insert(batch, pending);
      this.stream?.advance(batch);
      this.health.succeeded();
      // Before anybody hears of the commit: what was remembered under an older mark may not be true any more.
      if (receipt.mark !== undefined) {
        this.news.observe(receipt.mark);
      }
      batchSize.observe(rows.length);
      succeed(pending, receipt);
    } catch (cause) {
      this.stream = undefined;
      this.health.failed(cause);
      fail(pending, unavailable('The audit log could not be written, so nothing may leave. Ask again.', cause));
    }
  }

  /** Where nobody knows whether the batch stands, its stream is closed, and the head that it was closed with tells. */
  private async insert(batch: AuditBatch, pending: readonly PendingAppend[]): Promise<Receipt> {
    try {
      return await this.store.insert(batch);
    } catch (error) {
      this.stream = undefined;
      if (error instanceof BatchRefused) {
        throw error;
      }
      const settlement = this.store.settle(batch);
      if (pending.every(({ isSettled }) => isSettled)) {
        // Nobody asks any more, and a statement that hangs may hold its stream's row: the next batch does not wait for it.
        settlement.catch(() => undefined);
        throw error;
      }
      if (!(await settlement)) {
        throw error;
      }
      return NOTHING;
    }
  }
}

function succeed(batch: readonly PendingAppend[], receipt: Receipt): void {
  for (const pending of batch) {
    const seconds = pending.succeed(receipt);
    if (seconds !== undefined) {
      appendSeconds.observe(seconds);
    }
  }
}

function fail(batch: readonly PendingAppend[], error: BrokerError): void {
  for (const pending of batch) {
    failures.inc(pending.fail(error));
  }
}

const unavailable = (message: string, cause?: unknown): BrokerError =>
  new BrokerError('audit_unavailable', message, { cause, retryAfter: RETRY_AFTER_SECONDS });

function refused(count: number, message: string): BrokerError {
  failures.inc(count);
  return unavailable(message);
}
