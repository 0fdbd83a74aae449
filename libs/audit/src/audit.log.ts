import { Injectable } from '@nestjs/common';
import type { AuditEvent } from './event.js';
import type { Receipt } from './writing/audit.store.js';
import { AuditWriter } from './writing/audit.writer.js';

/** The log as everyone who records sees it. Every refusal is a BrokerError `audit_unavailable` with `retryAfter`: fail closed. */
@Injectable()
export class AuditLog {
  constructor(private readonly writer: AuditWriter) {}

  /**
   * To be called once, before anything is appended: what a process of before left on the local device, if there is one, is brought
   * into the database. Rejects with a BrokerError that says what to do where the device cannot be used.
   */
  open(): Promise<void> {
    return this.writer.open();
  }

  /**
   * Resolves when the event's row is committed, with the change mark that the commit saw; or on the local device, where that took it. Rejects within 2 s otherwise; its row may then still be written (a commit
   * whose answer was lost), but what it records must not happen.
   */
  append(event: AuditEvent): Promise<Receipt> {
    return this.writer.append([event]);
  }

  /** As `append`, for events that belong together: one batch, in their order, all or none. */
  appendAll(events: readonly AuditEvent[]): Promise<Receipt> {
    return this.writer.append(events);
  }

  /** Resolves when nothing is queued or under way any more. Never rejects. */
  flush(): Promise<void> {
    return this.writer.flush();
  }

  /** Refuses further events and resolves when those already handed in are settled. To be called before the pools close. */
  close(): Promise<void> {
    return this.writer.close();
  }

  /** Whether an event could be appended now, for readiness. Never rejects; answers within 2 s. */
  isAppendable(): Promise<boolean> {
    return this.writer.isAppendable();
  }
}
