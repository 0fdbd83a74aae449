import { Injectable } from '@nestjs/common';
import type { AuditOrigin } from '@app/audit';
import {
  type AttemptRequest,
  AttemptsRepository,
  isNewer,
  type OpenAttempt,
  RestoreGuard,
  type SealedConnection,
  Spool,
  type Trigger,
} from '@app/connections';
import type { Step } from '@app/providers';
import { type AttemptEnd, AttemptRunner } from './attempt.runner.js';
import { Preflight } from './health/preflight.js';

/** Why and for whom a refresh is made. */
export interface RefreshReason {
  readonly trigger: Trigger;
  readonly origin: AuditOrigin;
}

/** Begins attempts: asks whether one may be made now, writes it down, and has it run. */
@Injectable()
export class AttemptStarter {
  constructor(
    private readonly preflight: Preflight,
    private readonly attempts: AttemptsRepository,
    private readonly runner: AttemptRunner,
    private readonly spool: Spool,
    private readonly restores: RestoreGuard,
  ) {}

  /**
   * One attempt, or undefined where the row does not stand as `connection` says any more.
   * @throws BrokerError where none may be made now, or where its intent cannot be recorded.
   */
  async attempt(connection: SealedConnection, step: Step, reason: RefreshReason): Promise<AttemptEnd | undefined> {
    const request = requestOf(connection, step, reason);
    const admission = this.preflight.require(connection, reason.trigger, request.oneShot);
    const openedAt = performance.now();
    // Taken before the question: what others count meanwhile is no sign of an older database.
    const highestEpoch = this.spool.highestEpoch();
    let attempt: OpenAttempt | undefined;
    try {
      attempt = await this.attempts.open(request);
    } finally {
      if (attempt === undefined) {
        admission.end('none', openedAt);
      }
    }
    if (attempt !== undefined && this.#isOlder(attempt, highestEpoch)) {
      admission.end('none', openedAt);
      this.restores.suspect();
      return this.runner.giveUp(attempt);
    }
    return attempt && this.runner.run(attempt, admission, openedAt);
  }

  /** The database counts again what it counted before, or holds what was used from here: it was restored, and this may be used up. */
  #isOlder({ epoch, connectionId, generation, credentialStoredAt }: OpenAttempt, highestEpoch: number): boolean {
    if (epoch === null) {
      return false;
    }
    const consumed = this.spool.newestOf(connectionId);
    return epoch <= highestEpoch || (consumed !== undefined && isNewer(consumed, generation, credentialStoredAt));
  }
}

function requestOf(connection: SealedConnection, step: Step, { trigger, origin }: RefreshReason): AttemptRequest {
  const { id: connectionId, generation, fence, traits } = connection;
  const refreshes = step === 'refresh';
  const oneShot = refreshes && traits.rotation !== 'static';
  const irretrievable = oneShot || (refreshes && traits.rolling !== 'none');
  const ignoreBackoff = trigger === 'admin';
  return { connectionId, generation, fence, step, trigger, origin, oneShot, irretrievable, ignoreBackoff };
}
