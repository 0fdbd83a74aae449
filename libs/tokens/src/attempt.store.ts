import { Inject, Injectable } from '@nestjs/common';
import { errorFacts, Log } from '@app/common';
import { AttemptsRepository, type OpenAttempt } from '@app/connections';
import { canRelogin, type Failure, type Granted, ProviderRegistry, setFields } from '@app/providers';
import { retryIn } from './backoff.js';
import { lifetimeOf } from './lifetime.js';

/** Pauses between tries to store an answer; the last one repeats until the database takes it. */
const AGAIN_AFTER_MS = [50, 200, 500, 1000, 2000] as const;

/** What an attempt came to: for a failure how long nobody sends, and whether a log-in can follow at once. */
export type AttemptEnd =
  | { readonly kind: 'ok' }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly retryInMs: number; readonly mayRelogin: boolean };

/** Stores what became of an attempt, before anything else can fail, and does not give up. */
@Injectable()
export class AttemptStore {
  constructor(
    private readonly attempts: AttemptsRepository,
    private readonly registry: ProviderRegistry,
    @Inject(Log) private readonly log: Log,
  ) {}

  /** Adopts a grant. `sentAt` is the monotonic time of the send, from which the token's life is counted. */
  async storeGrant(attempt: OpenAttempt, granted: Granted, durationMs: number, sentAt: number): Promise<AttemptEnd> {
    const { traits } = this.registry.require(attempt.type);
    const { grant, status } = granted;
    const { provider, connection, generation } = attempt;
    if (grant.expiryClamped) {
      this.log.warn('A provider stated an impossible lifetime; it was clamped.', { provider, connection });
    }
    const adopted = await this.#untilItHolds(() => {
      const lifetime = lifetimeOf(grant, traits, attempt.connectionId, performance.now() - sentAt);
      return this.attempts.adopt(attempt, { grant, status, durationMs, ...lifetime });
    });
    if (!adopted) {
      const message = 'A token arrived for a generation that was replaced meanwhile; it is not used.';
      this.log.warn(message, { provider, connection, generation });
    }
    return { kind: 'ok' };
  }

  /** Closes a failed attempt and sets when, and whether, the next one may be made. */
  async storeFailure(attempt: OpenAttempt, failure: Failure, durationMs: number): Promise<AttemptEnd> {
    const provider = this.registry.require(attempt.type);
    const refused = failure.kind === 'rejected' && attempt.step === 'refresh';
    const mayRelogin = refused && canRelogin(provider, setFields(attempt.effective));
    const retryInMs = mayRelogin ? 0 : retryIn(failuresBefore(attempt, failure), failure.retryAfterSeconds);
    const state = mayRelogin ? undefined : stateAfter(failure);
    const nextStep = mayRelogin ? 'relogin' : attempt.step;
    await this.#untilItHolds(() =>
      this.attempts.fail(attempt, {
        failure,
        durationMs,
        retryInMs,
        nextStep,
        ...(state === undefined ? {} : { state }),
      }),
    );
    return { kind: 'failed', failure, retryInMs, mayRelogin };
  }

  async #untilItHolds<Result>(write: () => Promise<Result>): Promise<Result> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await write();
      } catch (error) {
        this.log.error('The outcome of an attempt cannot be stored yet; it is tried again.', errorFacts(error));
        const pause = AGAIN_AFTER_MS[Math.min(tries, AGAIN_AFTER_MS.length - 1)];
        await new Promise((resolve) => void setTimeout(resolve, pause));
      }
    }
  }
}

/** A provider that was not asked need not be spared: the next attempt waits no longer because of failures of our own. */
const failuresBefore = ({ consecutiveFailures }: OpenAttempt, { reason }: Failure): number =>
  reason === 'abandoned_before_send' ? 0 : consecutiveFailures;

const stateAfter = ({ kind }: Failure): 'reauthorization_required' | 'misconfigured' | undefined => {
  if (kind === 'rejected') {
    return 'reauthorization_required';
  }
  return kind === 'misconfigured' ? 'misconfigured' : undefined;
};
