import type { PendingAppend } from './pending-append.js';
import type { Timers } from './timing.js';

/** A timer may run a fraction of a millisecond before its time. */
const EARLY_MS = 1;

/**
 * One timer for all that wait, set for the one that waits longest: with a timer each, most of them would be set in order to be
 * taken back.
 */
export class Deadlines {
  private cancel: (() => void) | undefined;

  constructor(
    private readonly ms: number,
    private readonly timers: Timers,
    private readonly sweep: () => void,
  ) {}

  /** Something waits since `began`. */
  watch(began: number): void {
    this.cancel ??= this.timers.after(Math.max(0, began + this.ms - this.timers.now()), () => {
      this.cancel = undefined;
      this.sweep();
    });
  }

  /** Nothing waits any more. */
  rest(): void {
    this.cancel?.();
    this.cancel = undefined;
  }

  /** Whether it has waited for as long as it may. */
  isOver({ began }: PendingAppend): boolean {
    return this.timers.now() - began >= this.ms - EARLY_MS;
  }
}
