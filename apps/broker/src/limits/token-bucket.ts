/** How fast a bucket fills, and how much it holds. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** A token bucket: full at first, refilled by fractions as the monotonic clock goes on. */
export class TokenBucket {
  #tokens: number;
  #filledAt: number;

  constructor(
    private readonly rate: Rate,
    nowMs: number,
  ) {
    this.#tokens = rate.burst;
    this.#filledAt = nowMs;
  }

  /** Takes one token; false where there is none. */
  take(nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < 1) {
      return false;
    }
    this.#tokens -= 1;
    return true;
  }

  /** Puts back what was taken for nothing. */
  giveBack(): void {
    this.#tokens = Math.min(this.rate.burst, this.#tokens + 1);
  }

  /** Whole tokens that are there, as of the last `take`. */
  get remaining(): number {
    return Math.floor(this.#tokens);
  }

  /** Whole seconds, at least one, after which there is a token again, as of the last `take`. */
  get secondsToNext(): number {
    return Math.max(1, Math.ceil((1 - this.#tokens) / this.rate.perSecond));
  }

  #fill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#filledAt);
    this.#tokens = Math.min(this.rate.burst, this.#tokens + (elapsedMs / 1000) * this.rate.perSecond);
    this.#filledAt = nowMs;
  }
}
