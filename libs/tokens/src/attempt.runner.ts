import { Injectable } from '@nestjs/common';
import type { OpenAttempt } from '@app/connections';
import { failed, type Failure, type GrantStep } from '@app/providers';
import { AttemptLease } from './attempt.lease.js';
import { AttemptRecorder } from './attempt.recorder.js';
import { AttemptSender } from './attempt.sender.js';
import { type FailureEnd, FailureStore } from './failure.store.js';
import { GrantStore } from './grant.store.js';
import type { Admission } from './health/circuit.js';

/** What an attempt came to: `again` where there is something else to do at once. */
export type AttemptEnd = { readonly kind: 'ok' } | FailureEnd;

/** Runs one attempt that is written down: record the intent, send, store, record the outcome. */
@Injectable()
export class AttemptRunner {
  constructor(
    private readonly recorder: AttemptRecorder,
    private readonly sender: AttemptSender,
    private readonly grants: GrantStore,
    private readonly failures: FailureStore,
    private readonly lease: AttemptLease,
  ) {}

  /**
   * Resolves when the outcome is stored. `openedAt` is the monotonic time at which the lease was asked for.
   * @throws BrokerError `audit_unavailable` where the intent could not be recorded, `storage_unavailable` where an answer could not
   * be kept; nothing was sent then.
   */
  async run(attempt: OpenAttempt, admission: Admission, openedAt: number): Promise<AttemptEnd> {
    try {
      await bothOf(this.sender.prepare(attempt), this.recorder.recordIntent(attempt));
    } catch (error) {
      admission.end('none', performance.now());
      await this.giveUp(attempt);
      throw error;
    }
    // Until the outcome is stored, not only until it is here: nobody else is to try while an answer waits for the database.
    const release = this.lease.keepAlive(attempt);
    try {
      return attempt.step === 'introspect'
        ? await this.#introspect(attempt, admission, openedAt)
        : await this.#send(attempt, attempt.step, admission, openedAt);
    } finally {
      release();
    }
  }

  /** Closes an attempt of which nothing was sent, and certainly so. */
  giveUp(attempt: OpenAttempt): Promise<AttemptEnd> {
    return this.#storeFailure(attempt, failed('abandoned_before_send'), 0);
  }

  async #send(attempt: OpenAttempt, step: GrantStep, admission: Admission, openedAt: number): Promise<AttemptEnd> {
    const { outcome, durationMs, received, begunAt } = await this.sender.send(attempt, step, admission, openedAt);
    if (outcome.kind !== 'ok') {
      return this.#storeFailure(attempt, outcome, durationMs);
    }
    await this.grants.store(attempt, outcome, received, durationMs, begunAt);
    void this.recorder.recordOutcome(attempt, outcome, durationMs);
    return { kind: 'ok' };
  }

  async #introspect(attempt: OpenAttempt, admission: Admission, openedAt: number): Promise<AttemptEnd> {
    const { outcome, durationMs } = await this.sender.introspect(attempt, admission, openedAt);
    if (outcome.kind !== 'ok' || outcome.verdict === 'used') {
      const failure = outcome.kind === 'ok' ? failed('credential_used', outcome.status) : outcome;
      return this.#storeFailure(attempt, failure, durationMs);
    }
    const end = await this.failures.storeUnused(attempt, outcome.status, durationMs);
    void this.recorder.recordOutcome(attempt, outcome, durationMs);
    return end;
  }

  async #storeFailure(attempt: OpenAttempt, failure: Failure, durationMs: number): Promise<AttemptEnd> {
    const end = await this.failures.store(attempt, failure, durationMs);
    void this.recorder.recordOutcome(attempt, failure, durationMs);
    return end;
  }
}

/** Resolves when both did, and rejects only when neither is under way any more. */
async function bothOf(one: Promise<void>, other: Promise<void>): Promise<void> {
  await Promise.allSettled([one, other]);
  await one;
  await other;
}
