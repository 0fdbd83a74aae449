import type { Receipt } from './audit.store.js';
import type { AuditRow } from './row.js';

/** The events of one call, from being handed in until they are committed or refused, whichever comes first. */
export class PendingAppend {
  /** Resolves with the commit, rejects with the refusal. */
  readonly settlement: Promise<Receipt>;
  private resolve!: (receipt: Receipt) => void;
  private reject!: (error: Error) => void;
  private settled = false;

  /** `began` is the time at which they were handed in, in milliseconds of some clock. */
  constructor(
    readonly rows: readonly AuditRow[],
    readonly began: number,
  ) {
    this.settlement = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  get isSettled(): boolean {
    return this.settled;
  }

  /** Committed: answers whether anybody waited for it still, false where it was refused before. */
  succeed(receipt: Receipt): boolean {
    if (this.settled) {
      return false;
    }
    this.settled = true;
    this.resolve(receipt);
    return true;
  }

  /** Refused: answers how many events that concerns, none where it was settled before. */
  fail(error: Error): number {
    if (this.settled) {
      return 0;
    }
    this.settled = true;
    this.reject(error);
    return this.rows.length;
  }
}
