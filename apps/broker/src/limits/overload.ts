import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { overloaded } from './limits.metrics.js';

const BEAT_MS = 50;
/** A turn of the event loop that takes so much longer is late, and one that takes less than this late no more. */
const LATE_MS = 250;
const IN_TIME_MS = 100;
/** For so long all beats must be late, or in time, before it counts. */
const LASTING_MS = 1000;

/**
 * Whether this process keeps up with its requests (ADR 40). It does not once every beat for a second was late by 250 ms, and does again
 * once every one for a second was late by less than 100 ms. One long pause, of a frozen process or a collection, is no overload.
 */
@Injectable()
export class Overload implements OnModuleDestroy {
  #on = false;
  /** Since when all beats speak against the state that it is in. */
  #since: number | undefined;
  #beatAt: number;
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#beatAt = performance.now();
    this.#timer = setInterval(() => this.beat(performance.now()), BEAT_MS).unref();
  }

  get isOn(): boolean {
    return this.#on;
  }

  /** A turn of the event loop, at this time of the monotonic clock. */
  beat(nowMs: number): void {
    const lateMs = nowMs - this.#beatAt - BEAT_MS;
    this.#beatAt = nowMs;
    const speaksAgainst = this.#on ? lateMs < IN_TIME_MS : lateMs >= LATE_MS;
    this.#since = speaksAgainst ? (this.#since ?? nowMs) : undefined;
    if (this.#since !== undefined && nowMs - this.#since >= LASTING_MS) {
      this.#on = !this.#on;
      this.#since = undefined;
      overloaded.set(this.#on ? 1 : 0);
    }
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
  }
}
