import { Inject, Injectable } from '@nestjs/common';
import { BrokerError, errorFacts, isBrokerError, Log } from '@app/common';
import { Config } from '@app/config';
import { Database } from './database.js';
import type { Touch } from './change-mark.js';
import { DatabaseClock } from './database-clock.js';
import { readTouched, type Touched } from './touched-connections.js';

/** How often the change mark is read. With the time of one query it keeps every replica's view within two seconds. */
const INTERVAL_MS = 700;
const STALE_AFTER_MS = 1900;
/** With a local device: so long a question may stay open on a busy replica before it is known that nobody answers it. */
const ASKED_FOR_MS = 5000;
/** With the interval this is less than the time after which caches are stale: a server that hangs is known as unreachable by then. */
const PATIENCE_MS = 1000;
/** What changed in so long a time is told behind it, and nothing else forgotten. Whoever heard nothing for longer begins anew. */
const LONGEST_TOLD_MS = 60_000;

const UNREAD = 'The change mark cannot be read; caches are read through until it can.';
const BRIDGED =
  'The change mark cannot be read, as the database is away; what is cached is handed out until it is back.';

/** Told of changes: at once, and on demand what they touched. Until that is known no connection that is held may be used. */
export type ChangeListener = (touched: () => Promise<Touched>) => void;

/**
 * Told at every reading of the mark how long ago the reading before was, in milliseconds of the database's clock; undefined where that
 * cannot be said, and anything may have been missed.
 */
export type TickListener = (quietMs: number | undefined) => Promise<void>;

/** The change mark as it was read. */
interface MarkRead {
  readonly mark: string;
  readonly now: Date;
  /** Which server was asked (MarkedChanges). */
  readonly server: string;
}

/**
 * Tells caches when to forget, and what. Every administrative change increments the change mark in its own transaction, and says beside it
 * what it touched; each replica reads the mark about once a second. No message can be lost, because none is sent.
 */
@Injectable()
export class ChangeFeed {
  readonly #changeListeners: ChangeListener[] = [];
  readonly #tickListeners: TickListener[] = [];
  #mark: string | undefined;
  #server: string | undefined;
  /** What was read when all listeners had heard. */
  #last: MarkRead | undefined;
  #markSince = Number.NEGATIVE_INFINITY;
  #heardAt = Number.NEGATIVE_INFINITY;
  #currentSince = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #unreachable = false;
  #asking = false;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    @Inject(Log) private readonly log: Log,
    @Inject(Config) private readonly config: Pick<Config, 'auditSpoolDir' | 'timing'>,
  ) {}

  /** `listener` is called, synchronously, whenever anything administrative changed, here or on another replica. */
  onChange(listener: ChangeListener): void {
    this.#changeListeners.push(listener);
  }

  /** `listener` is called at every reading of the mark and is waited for: for feeds of finer grain. */
  onTick(listener: TickListener): void {
    this.#tickListeners.push(listener);
  }

  /** A change of this replica, right after its commit: local caches forget at once. */
  announce(touch: Touch): void {
    this.#tell(() => Promise.resolve(namedBy(touch)));
  }

  /**
   * False where the database has not been heard for so long that a cache might miss a revocation: read through it then. With a
   * local device for the audit log an outage is bridged: what is cached is trusted for longer, as nothing else is left.
   */
  isCurrent(): boolean {
    const isOpen = this.#mayBridge && this.#asking && performance.now() - this.#heardAt < ASKED_FOR_MS;
    return this.#isHeard() || isOpen || this.isBridging();
  }

  /**
   * True while the database cannot be reached at all and caches are trusted all the same. A revocation that is made elsewhere
   * meanwhile binds here when the outage ends, or when it has lasted `outageMs`.
   */
  isBridging(): boolean {
    const quietForMs = performance.now() - this.#heardAt;
    return this.#mayBridge && this.#unreachable && quietForMs < this.config.timing.outageMs;
  }

  /** Milliseconds for which the database has been heard without interruption; 0 where it is not now. */
  currentForMs(): number {
    return this.#isHeard() ? Math.max(0, performance.now() - this.#currentSince) : 0;
  }

  /** The change mark that caches go by: what they hold was read when it, or a later one, was the newest. */
  get mark(): string | undefined {
    return this.#mark;
  }

  /** A commit saw this mark: where it is newer than ours, caches forget now, before anybody hears of the commit. */
  observe(mark: string): void {
    if (this.#mark === undefined || BigInt(mark) > BigInt(this.#mark)) {
      this.#turnTo(mark);
    }
  }

  /** Reads the mark once and then for as long as the process lives. */
  async start(): Promise<void> {
    await this.#tick();
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (!this.#stopped) {
      this.#timer = setTimeout(() => void this.#tick().finally(() => this.#schedule()), INTERVAL_MS);
    }
  }

  async #tick(): Promise<void> {
    const askedAt = performance.now();
    this.#asking = true;
    try {
      const read = await this.#readMark();
      const quietMs = this.#quietMs(read);
      const heard = Promise.all(this.#tickListeners.map((listener) => listener(quietMs)));
      await (this.#mayBridge ? inTime(heard) : heard);
      this.#hear(read, askedAt, quietMs);
      this.#currentSince = this.#isHeard() ? this.#currentSince : askedAt;
      this.#heardAt = askedAt;
      this.#unreachable = false;
    } catch (error) {
      this.#unreachable = isBrokerError(error) && error.code === 'storage_unavailable';
      this.log.warn(this.isBridging() ? BRIDGED : UNREAD, errorFacts(error));
    } finally {
      this.#asking = false;
    }
  }

  /** A lower mark is an older state of the database, unless it was only asked for before a commit showed a higher one. */
  #hear(read: MarkRead, askedAt: number, quietMs: number | undefined): void {
    const { mark, server } = read;
    const isFirst = this.#mark === undefined;
    this.#server = server;
    this.#last = read;
    if (mark !== this.#mark && askedAt > this.#markSince) {
      this.#turnTo(mark);
    } else {
      this.observe(mark);
    }
    // After a long interruption the feeds of finer grain may have missed something, and another server other changes, whatever the mark says.
    if (quietMs === undefined && !isFirst) {
      this.#tell(() => Promise.resolve(undefined));
    }
  }

  /** By the database's clock, as this machine may have stood still; one that was put back tells nothing. */
  #quietMs({ now, server }: MarkRead): number | undefined {
    const last = this.#last;
    const quietMs = last?.server === server ? now.getTime() - last.now.getTime() : -1;
    return quietMs >= 0 && quietMs <= LONGEST_TOLD_MS ? quietMs : undefined;
  }

  #turnTo(upTo: string): void {
    const { database } = this;
    const after = this.#mark;
    const server = this.#server;
    this.#mark = upTo;
    this.#markSince = performance.now();
    if (after !== undefined) {
      this.#tell(() => readTouched(database, { after, upTo, server }));
    }
  }

  #tell(touched: () => Promise<Touched>): void {
    for (const listener of this.#changeListeners) {
      listener(touched);
    }
  }

  get #mayBridge(): boolean {
    return this.config.auditSpoolDir !== undefined;
  }

  #isHeard = (): boolean => performance.now() - this.#heardAt < STALE_AFTER_MS;

  async #readMark(): Promise<MarkRead> {
    const askedAt = performance.now();
    const [row] = await this.database.query<MarkRead>({
      name: 'change-mark',
      text: `select (select value from change_mark where id = 1) as mark, clock_timestamp() as now,
        pg_postmaster_start_time()::text as server`,
      values: [],
      ...(this.#mayBridge ? { withinMs: PATIENCE_MS } : {}),
    });
    if (row === undefined) {
      throw new Error('change_mark is empty');
    }
    this.clock.synchronize(row.now.getTime(), askedAt);
    return row;
  }
}

function namedBy(touch: Touch): Touched {
  if (typeof touch === 'object') {
    return [touch];
  }
  return touch === 'none' ? [] : undefined;
}

/** A server that hangs between two questions must not go unnoticed either. */
async function inTime(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const impatience = new Promise<never>((_, reject) => {
    const late = new BrokerError('storage_unavailable', 'The database does not answer. Ask again in a moment.');
    timer = setTimeout(() => reject(late), PATIENCE_MS);
  });
  try {
    await Promise.race([work, impatience]);
  } finally {
    clearTimeout(timer);
  }
}
