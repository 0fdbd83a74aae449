import type { Clock } from '@app/common';

/**
 * The database's time without asking it: the last answer plus what the monotonic clock counted since. A replica whose own
 * clock is wrong, or is set back, still judges expiry as the others do. Before the first answer it is the local time.
 */
export class DatabaseClock implements Clock {
  #offset = Date.now() - performance.now();

  now(): number {
    return Math.round(performance.now() + this.#offset);
  }

  /** Takes over the database's `time` (epoch ms), asked for at the monotonic `askedAt`; the answer is half a round trip old. */
  synchronize(time: number, askedAt: number): void {
    this.#offset = time - (askedAt + performance.now()) / 2;
  }
}
