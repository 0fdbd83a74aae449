import { BrokerError } from '@app/common';
import { TIMING } from '@app/config';
import type { AuditEvent } from '../event.js';
import type { AuditHealth } from './audit.health.js';
import { appendSeconds, batchSize, failures } from './audit.metrics.js';
import type { Receipt } from './audit.store.js';
import { Deadlines } from './deadlines.js';
import { PendingAppend } from './pending-append.js';
import { toRow } from './row.js';
import type { RowWriter } from './row.writer.js';
import { processTimers, type Timers } from './timing.js';

const LARGEST_BATCH = 512;
/** Fewer events wait for the batch that is under way: a batch of their own would cost more than it saves. */
const FEWEST_BESIDE = 16;
const LONGEST_QUEUE = 100_000;
const RETRY_AFTER_SECONDS = 1;
const NOTHING: Receipt = { mark: undefined };

/** Who is told of the change mark that a commit saw: ChangeFeed. */
export interface MarkListener {
  observe(mark: string): void;
}

interface Batch {
  readonly appends: readonly PendingAppend[];
  /** Never rejects. */
  readonly done: Promise<void>;
}

/**
 * Group commit (audit.md, "How it is written"): while one batch is on its way new events queue; when it returns, all that
 * are queued go as the next one. No timer gathers events, so a lone one waits for nobody. Where many are queued, a second batch
 * follows the first before that has returned, so that Postgres finds the next one when it is done with one.
 */
export class AuditWriter {
  private readonly queue: PendingAppend[] = [];
  private underWay: readonly Batch[] = [];
  private queued = 0;
  private closed = false;
  private readonly deadlines: Deadlines;

  constructor(
    private readonly target: RowWriter,
    private readonly health: AuditHealth,
    private readonly news: MarkListener,
    private readonly timers: Timers = processTimers,
    withinMs: number = TIMING.appendWithinMs,
  ) {
    this.deadlines = new Deadlines(withinMs, timers, () => this.expire());
  }

  /**
   * Resolves when all rows are committed, in the order given and in one batch. Rejects with `audit_unavailable` when their
   * batch failed, `withinMs` have passed, the queue is full, or the log is closed.
   */
  append(events: readonly AuditEvent[]): Promise<Receipt> {
    if (events.length === 0) {
      return Promise.resolve(NOTHING);
    }
    if (this.closed) {
      return refused(events.length, 'The audit log is closed: this replica is stopping. Ask another one.');
    }
    if (this.queued + events.length > LONGEST_QUEUE) {
      return refused(events.length, 'Too many events wait for the audit log. Ask again later.');
    }
    return this.enqueue(new PendingAppend(events.map(toRow), this.timers.now()));
  }

  /** Resolves when nothing is queued or under way any more. Never rejects. */
  async flush(): Promise<void> {
    while (this.underWay.length > 0) {
      await Promise.all(this.underWay.map(({ done }) => done));
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
    this.queue.push(pending);
    this.queued += pending.rows.length;
    this.deadlines.watch(pending.began);
    this.startWhatMay();
    return pending.settlement;
  }

  /** Refuses what has waited for too long, if anything has. What waits stands in the order in which it came. */
  private expire(): void {
    const sent = this.underWay.flatMap(({ appends }) => appends);
    const late = [...sent, ...this.queue].filter((one) => !one.isSettled && this.deadlines.isOver(one));
    if (late.length > 0) {
      const error = unavailable('The audit log did not answer in time, so nothing may leave. Ask again.');
      this.health.failed(error);
      late.forEach((pending) => failures.inc(pending.fail(error)));
      this.dropSettled();
    }
    const oldest = sent.find(({ isSettled }) => !isSettled) ?? this.queue[0];
    if (oldest !== undefined) {
      this.deadlines.watch(oldest.began);
    }
  }

  private dropSettled(): void {
    const kept = this.queue.findIndex(({ isSettled }) => !isSettled);
    for (const { rows } of this.queue.splice(0, kept < 0 ? this.queue.length : kept)) {
      this.queued -= rows.length;
    }
  }

  private startWhatMay(): void {
    while (this.queued >= this.fewest()) {
      const appends = this.take();
      const batch: Batch = { appends, done: this.write(appends).then(() => this.end(batch)) };
      this.underWay = [...this.underWay, batch];
    }
  }

  /** How many events a batch needs to start now. */
  private fewest(): number {
    const { length } = this.underWay;
    return length === 0 ? 1 : length < this.target.depth ? FEWEST_BESIDE : Infinity;
  }

  private end(batch: Batch): void {
    this.underWay = this.underWay.filter((other) => other !== batch);
    // The timer may not have run yet: what is refused in a moment must not be on its way then.
    if (this.queue[0] !== undefined && this.deadlines.isOver(this.queue[0])) {
      this.expire();
    }
    this.startWhatMay();
    if (this.underWay.length === 0) {
      this.deadlines.rest();
    }
  }

  /** The next batch: whole calls, in order. What was refused while it waited is not in the queue: its row never appears. */
  private take(): readonly PendingAppend[] {
    let size = 0;
    let taken = 0;
    for (const { rows } of this.queue) {
      if (taken > 0 && size + rows.length > LARGEST_BATCH) {
        break;
      }
      taken += 1;
      size += rows.length;
    }
    this.queued -= size;
    return this.queue.splice(0, taken);
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
      this.succeed(pending, receipt);
    } catch (cause) {
      this.health.failed(cause);
      fail(pending, unavailable('The audit log could not be written, so nothing may leave. Ask again.', cause));
    }
  }

  private succeed(batch: readonly PendingAppend[], receipt: Receipt): void {
    const now = this.timers.now();
    for (const pending of batch) {
      if (pending.succeed(receipt)) {
        appendSeconds.observe((now - pending.began) / 1000);
      }
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

function refused(count: number, message: string): Promise<never> {
  failures.inc(count);
  return Promise.reject(unavailable(message));
}
