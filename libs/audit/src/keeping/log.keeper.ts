import { errorFacts, type Log } from '@app/common';
import type { Checkpoints } from '../checkpoints/checkpoints.js';
import { retentionBlocked } from './keeping.metrics.js';
import type { KeepingRepository } from './keeping.repository.js';
import type { Retention } from './retention.js';

const HOUR_MS = 3_600_000;
/** After a start the signer is found first, and after a lock that was not to be had it is tried again. */
const SOON_MS = 10_000;

/** Keeps the log: partitions are there before they are needed, and days go when their time is over. */
export class LogKeeper {
  readonly #ending = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly repository: KeepingRepository,
    private readonly retention: Retention,
    private readonly checkpoints: Pick<Checkpoints, 'isSigning'>,
    private readonly log: Log,
  ) {}

  /** Resolves when today's partition is there, so that a first row can be written. Never rejects. */
  async start(): Promise<void> {
    await this.#makePartitions();
    this.#schedule(SOON_MS);
  }

  /** Resolves when nothing of it is under way any more. A verification is given up; what was retired and not dropped goes next time. */
  async stop(): Promise<void> {
    this.#ending.abort();
    clearTimeout(this.#timer);
    await this.#working;
  }

  /** Partitions; and where this replica signs, retention. Answers after how many milliseconds to come again. Never rejects. */
  async round(): Promise<number> {
    await this.#makePartitions();
    return this.checkpoints.isSigning ? this.#retire() : HOUR_MS;
  }

  #schedule(ms: number): void {
    if (this.#ending.signal.aborted) {
      return;
    }
    this.#timer = setTimeout(() => {
      this.#working = this.round().then((again) => this.#schedule(again));
    }, ms);
  }

  async #makePartitions(): Promise<void> {
    try {
      await this.repository.makePartitions();
    } catch (error) {
      this.log.error(
        'The partitions of the audit log for the days ahead cannot be made: without one of today nothing can be recorded. Grant the rights that "claviger database grants" prints.',
        errorFacts(error),
      );
    }
  }

  async #retire(): Promise<number> {
    try {
      const round = await this.retention.round(this.#ending.signal);
      retentionBlocked.set(round.state === 'fault' ? 1 : 0);
      if (round.state === 'fault') {
        this.log.error(
          'Days of the audit log whose time is over do not verify: they are kept. Verify the log, keep a copy of it, and find out who changed it.',
          { reason: round.fault },
        );
      }
      if (round.state === 'retired') {
        this.log.info('Days of the audit log whose time was over were dropped.', {
          count: round.rows,
          reason: `before=${round.before}`,
        });
      }
      return round.state === 'busy' ? SOON_MS : HOUR_MS;
    } catch (error) {
      if (!this.#ending.signal.aborted) {
        this.log.error('Retention of the audit log failed; it is tried again.', errorFacts(error));
      }
      return SOON_MS * 6;
    }
  }
}
