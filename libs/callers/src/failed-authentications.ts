import type { AuditEvent, AuditLog } from '@app/audit';
import { type Clock, errorFacts, type Log } from '@app/common';
import { FailureCounts } from './failure-counts.js';

/** A request that proved no identity. */
export interface FailedAuthentication {
  readonly clientIp: string;
  readonly requestId: string;
  /** Our word for why (AuthenticationFailure). */
  readonly reason: string;
}

/**
 * Records failed authentications: the first five of a source and minute one by one, the rest as one row a source and flush
 * with their exact number, so that a flood fills neither the disk nor the memory.
 */
export class FailedAuthentications {
  private readonly counts = new FailureCounts();

  constructor(
    private readonly audit: Pick<AuditLog, 'append' | 'appendAll'>,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Resolves when its row is committed, or when it is counted for the next flush. Never rejects. */
  async record({ clientIp, requestId, reason }: FailedAuthentication): Promise<void> {
    if (!this.counts.mayStandAlone(clientIp, this.clock.now())) {
      this.counts.add(clientIp, 1);
      return;
    }
    try {
      await this.audit.append(eventOf({ clientIp, requestId, reason }));
    } catch {
      this.counts.add(clientIp, 1);
    }
  }

  /** Writes what was counted since the last time. Never rejects: what cannot be written stays counted. */
  async flush(): Promise<void> {
    const counted = this.counts.take(this.clock.now());
    try {
      await this.audit.appendAll(counted.map(({ source, count }) => eventOf({ clientIp: source, count })));
    } catch (error) {
      counted.forEach(({ source, count }) => this.counts.add(source, count));
      const count = counted.reduce((sum, one) => sum + one.count, 0);
      this.log.warn('Failed authentications could not be recorded yet.', { count, ...errorFacts(error) });
    }
  }
}

const eventOf = (facts: Pick<AuditEvent, 'clientIp' | 'requestId' | 'reason' | 'count'>): AuditEvent => ({
  action: 'authentication.failed',
  outcome: 'refused',
  actor: { type: 'anonymous' },
  ...facts,
});
