import { BrokerError } from '@app/common';
import type { AuditEvent } from '../event.js';
import type { AuditHealth } from './audit.health.js';
import { appendSeconds, batchSize, failures } from './audit.metrics.js';
import type { Receipt } from './audit.store.js';
import { PendingAppend } from './pending-append.js';
import { toRow } from './row.js';
import type { RowWriter } from './row.writer.js';
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
  private writing: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly target: RowWriter,
    private readonly health: AuditHealth,
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

  /** To be called once, before anything is appended. Rejects where the log cannot be begun with. */
  open(): Promise<void> {
    return this.target.open();
  }

  /** Refuses further events, and resolves when those already handed in are settled and the stream is closed. Never rejects. */
  async close(): Promise<void> {
    this.closed = true;
    await this.flush();
    await this.target.close();
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

  /** Never rejects. */
  private async write(pending: readonly PendingAppend[]): Promise<void> {
    const rows = pending.flatMap((append) => append.rows);
    try {
      const receipt = await this.target.write(rows, () => pending.some(({ isSettled }) => !isSettled));
      this.health.succeeded();
      // Before anybody hears of the commit: what was remembered under an older mark may not be true any more.
      if (receipt.mark !== undefined) {
        this.news.observe(receipt.mark);
      }
      batchSize.observe(rows.length);
      succeed(pending, receipt);
    } catch (cause) {
      this.health.failed(cause);
      fail(pending, unavailable('The audit log could not be written, so nothing may leave. Ask again.', cause));
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
