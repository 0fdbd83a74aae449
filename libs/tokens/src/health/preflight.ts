import { Injectable } from '@nestjs/common';
import type { BrokerError } from '@app/common';
import type { SealedConnection, Trigger } from '@app/connections';
import type { FailureReason } from '@app/providers';
import { failureError, pendingError } from '../refusal.js';
import type { Admission } from './circuit.js';
import { EventLoop } from './event-loop.js';
import { ProviderHealth } from './provider.health.js';

const BUDGET_RETRY_MS = 2000;

/** What is asked before an attempt is written down (architecture.md, "Recovery"). */
@Injectable()
export class Preflight {
  constructor(
    private readonly eventLoop: EventLoop,
    private readonly health: ProviderHealth,
  ) {}

  /** Leave to make one attempt. @throws BrokerError that says why not, and when to ask again. */
  require(connection: SealedConnection, trigger: Trigger, oneShot: boolean): Admission {
    if (!this.eventLoop.isHealthy()) {
      throw pendingError(connection);
    }
    const admission = this.health.admit(connection, oneShot, trigger === 'admin');
    if ('retryInMs' in admission) {
      throw unavailable(connection, 'circuit_open', admission.retryInMs);
    }
    const isRetry = connection.consecutiveFailures > 0 && trigger !== 'admin';
    if (!this.health.affords(connection.provider, isRetry)) {
      admission.end('none', performance.now());
      throw unavailable(connection, 'retry_budget', BUDGET_RETRY_MS);
    }
    return admission;
  }
}

const unavailable = (connection: SealedConnection, reason: FailureReason, retryInMs: number): BrokerError =>
  failureError('not_sent', { reason, status: null }, connection, retryInMs);
