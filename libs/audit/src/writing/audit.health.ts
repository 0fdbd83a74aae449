import { errorFacts, type Log } from '@app/common';
import type { AuditStore } from './audit.store.js';
import { type After, after, within } from './timing.js';

const PATIENCE_MS = 2000;

/** Whether the log can be written. Says in the service's own log when that changes, not for every batch. */
export class AuditHealth {
  private failing = false;
  private checking: Promise<boolean> | undefined;

  constructor(
    private readonly store: Pick<AuditStore, 'probe' | 'rehearse'>,
    private readonly log: Log,
    private readonly timers: After = after,
  ) {}

  /** A batch was committed. */
  succeeded(): void {
    if (this.failing) {
      this.failing = false;
      this.log.info('The audit log is written again.');
    }
  }

  /** A batch failed, or did not return in time. */
  failed(cause: unknown): void {
    if (!this.failing) {
      this.failing = true;
      this.log.error('The audit log cannot be written: nothing is issued and no provider is asked.', errorFacts(cause));
    }
  }

  /**
   * A real check, shared by all who ask meanwhile. While batches succeed, a look at permissions and at whether the database
   * takes writes; after a failed one a row is inserted and rolled back: a replica that is not ready gets no requests, so
   * no batch of theirs would ever show that the log works again.
   */
  isAppendable(): Promise<boolean> {
    this.checking ??= this.check().finally(() => {
      this.checking = undefined;
    });
    return this.checking;
  }

  private async check(): Promise<boolean> {
    const answer = this.failing ? this.store.rehearse() : this.store.probe();
    return (await within(PATIENCE_MS, answer, this.timers)) ?? false;
  }
}
