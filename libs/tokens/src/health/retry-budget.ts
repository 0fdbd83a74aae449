/** Retries that may come at once. */
const MOST = 100;
const PER_SECOND = 5;
/** What each first attempt adds: where most succeed, a quarter more may be retries. */
const PER_ATTEMPT = 0.25;

/** Bounds the retries sent to one provider, so that thousands of connections that fail together do not keep it down. `now` is monotonic ms. */
export class RetryBudget {
  #left = MOST;
  #at: number | undefined;

  /** A first attempt is made. */
  deposit(now: number): void {
    this.#refill(now);
    this.#left = Math.min(MOST, this.#left + PER_ATTEMPT);
  }

  /** Takes leave for one retry; false where none is left for the moment. */
  withdraw(now: number): boolean {
    this.#refill(now);
    if (this.#left < 1) {
      return false;
    }
    this.#left -= 1;
    return true;
  }

  #refill(now: number): void {
    const seconds = (now - (this.#at ?? now)) / 1000;
    this.#at = now;
    this.#left = Math.min(MOST, this.#left + seconds * PER_SECOND);
  }
}
