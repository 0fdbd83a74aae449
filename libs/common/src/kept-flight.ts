/** What many ask for is done once for all who ask meanwhile, and how it ended counts for a time, a failure too. */
export class KeptFlight {
  #flight: Promise<void> = Promise.resolve();
  #keptUntil = Number.NEGATIVE_INFINITY;

  /**
   * An end is kept for `leastMs`; a success for `times` as long as it took, where that is longer. `now` counts milliseconds and never
   * goes back.
   */
  constructor(
    private readonly leastMs: number,
    private readonly times = 0,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Begins where nothing is under way or kept. Rejects for all who share a failure, and for whoever asks while it is kept. */
  join(begin: () => Promise<void>): Promise<void> {
    if (this.now() >= this.#keptUntil) {
      this.#keptUntil = Number.POSITIVE_INFINITY;
      this.#flight = this.#fly(begin);
    }
    return this.#flight;
  }

  async #fly(begin: () => Promise<void>): Promise<void> {
    const beganAt = this.now();
    let keepMs = this.leastMs;
    try {
      await begin();
      keepMs = Math.max(keepMs, (this.now() - beganAt) * this.times);
    } finally {
      this.#keptUntil = this.now() + keepMs;
    }
  }
}
