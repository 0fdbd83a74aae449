import type { After, Timers } from '../timing.js';

/** Timers that run when the test says so. */
export class HeldTimers implements Timers {
  private due: { readonly at: number; readonly run: () => void }[] = [];
  #now = 0;

  readonly now = (): number => this.#now;

  readonly after: After = (ms, run) => {
    const timer = { at: this.#now + ms, run };
    this.due.push(timer);
    return () => {
      this.due = this.due.filter((other) => other !== timer);
    };
  };

  /** The time passes, and something else is done before what is due. */
  block(ms: number): void {
    this.#now += ms;
  }

  pass(ms: number): void {
    this.block(ms);
    const ripe = this.due.filter((timer) => timer.at <= this.#now);
    this.due = this.due.filter((timer) => timer.at > this.#now);
    ripe.forEach((timer) => timer.run());
  }

  get waiting(): number {
    return this.due.length;
  }
}
