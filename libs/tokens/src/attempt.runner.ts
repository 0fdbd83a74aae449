import { Injectable } from '@nestjs/common';
import type { OpenAttempt } from '@app/connections';
import { failed } from '@app/providers';
import { AttemptRecorder } from './attempt.recorder.js';
import { AttemptSender } from './attempt.sender.js';
import { type AttemptEnd, AttemptStore } from './attempt.store.js';

/** An attempt older than this when its turn to send comes is not sent: its lease may soon be somebody else's. */
const SEND_WITHIN_MS = 2000;

/** Runs one attempt that is written down: record the intent, send, store, record the outcome. */
@Injectable()
export class AttemptRunner {
  constructor(
    private readonly recorder: AttemptRecorder,
    private readonly sender: AttemptSender,
    private readonly store: AttemptStore,
  ) {}

  /**
   * Resolves when the outcome is stored. `openedAt` is the monotonic time at which the lease was asked for.
   * @throws BrokerError `audit_unavailable` where the intent could not be recorded; nothing was sent then.
   */
  async run(attempt: OpenAttempt, openedAt: number): Promise<AttemptEnd> {
    try {
      await this.recorder.recordIntent(attempt);
    } catch (error) {
      await this.#giveUp(attempt);
      throw error;
    }
    const sentAt = performance.now();
    if (sentAt - openedAt > SEND_WITHIN_MS) {
      return this.#giveUp(attempt);
    }
    const { outcome, durationMs } = await this.sender.send(attempt);
    const end =
      outcome.kind === 'ok'
        ? await this.store.storeGrant(attempt, outcome, durationMs, sentAt)
        : await this.store.storeFailure(attempt, outcome, durationMs);
    void this.recorder.recordOutcome(attempt, outcome, durationMs);
    return end;
  }

  /** Not sent, and certainly so. */
  async #giveUp(attempt: OpenAttempt): Promise<AttemptEnd> {
    const failure = failed('abandoned_before_send');
    const end = await this.store.storeFailure(attempt, failure, 0);
    void this.recorder.recordOutcome(attempt, failure, 0);
    return end;
  }
}
