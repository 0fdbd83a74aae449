import type { Clock } from '@app/common';

/**
 * The database's time without asking it: an answer plus what the monotonic clock counted since. A replica whose own clock is
 * wrong, or is set back, still judges expiry as the others do. Before the first answer it is the local time.
 *
 * An answer was true at some moment between its question and its arrival, which bounds the difference of the clocks. So one
 * that took long, because a process stood still or a connection was opened, never spoils what a quick one told before.
 */
export class DatabaseClock implements Clock {
  #offset = Date.now() - performance.now();
  /** How far off it can be at most, to both sides. */
  #uncertainty = Number.POSITIVE_INFINITY;

  now(): number {
    return Math.round(performance.now() + this.#offset);
  }

  /** Takes the database's `time` (epoch ms), asked for at the monotonic `askedAt` and answered at `answeredAt`, into account. */
  synchronize(time: number, askedAt: number, answeredAt = performance.now()): void {
    const offset = time - (askedAt + answeredAt) / 2;
    const uncertainty = (answeredAt - askedAt) / 2;
    // Where the bounds of both do not meet, one of the two clocks was set, or has drifted.
    const agrees = Math.abs(offset - this.#offset) <= uncertainty + this.#uncertainty;
    if (!agrees || uncertainty <= this.#uncertainty) {
      this.#offset = offset;
      this.#uncertainty = uncertainty;
    }
  }
}
