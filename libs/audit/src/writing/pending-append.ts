import type { Receipt } from './audit.store.js';
import type { AuditRow } from './row.js';
import type { After } from './timing.js';

/** The events of one call, from being handed in until they are committed or refused, whichever comes first. */
export class PendingAppend {
  /** Resolves with the commit, rejects with the refusal. */
  readonly settlement: Promise<Receipt>;
  private readonly began = performance.now();
  private resolve: (receipt: Receipt) => void = () => {};
  private reject: (error: Error) => void = () => {};
  private cancelDeadline: () => void = () => {};
  private settled = false;

  constructor(readonly rows: readonly AuditRow[]) {
    this.settlement = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  get isSettled(): boolean {
    return this.settled;
  }

  /** Calls `expired` once `ms` milliseconds have passed and it is still not settled. */
  expireAfter(ms: number, timers: After, expired: () => void): void {
    this.cancelDeadline = timers(ms, expired);
  }

  /** Committed: answers the seconds it took, or `undefined` where it was refused before. */
  succeed(receipt: Receipt): number | undefined {
    if (!this.close()) {
      return undefined;
    }
    this.resolve(receipt);
    return (performance.now() - this.began) / 1000;
  }

  /** Refused: answers how many events that concerns, none where it was settled before. */
  fail(error: Error): number {
    if (!this.close()) {
      return 0;
    }
    this.reject(error);
    return this.rows.length;
  }

  private close(): boolean {
    if (this.settled) {
      return false;
    }
    this.settled = true;
    this.cancelDeadline();
    return true;
  }
}
