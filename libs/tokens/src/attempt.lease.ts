import { Inject, Injectable } from '@nestjs/common';
import { errorFacts, Log } from '@app/common';
import { Config } from '@app/config';
import { AttemptsRepository, type OpenAttempt } from '@app/connections';

/** Keeps the right to send while it is needed, and asks for it one last time before the first byte. */
@Injectable()
export class AttemptLease {
  constructor(
    private readonly attempts: AttemptsRepository,
    @Inject(Config) private readonly config: Config,
    @Inject(Log) private readonly log: Log,
  ) {}

  /** Extends the lease now and then; returns what stops it. */
  keepAlive(attempt: OpenAttempt): () => void {
    const heartbeat = setInterval(() => void this.#extend(attempt), this.config.timing.leaseMs / 3);
    return () => clearInterval(heartbeat);
  }

  /**
   * True where the lease is ours, and was so a moment ago: whoever was frozen meanwhile does not send. What can be sent only once
   * counts as sent from here on. `openedAt` is the monotonic time at which the lease was asked for.
   */
  async maySend(attempt: OpenAttempt, openedAt: number): Promise<boolean> {
    const counts = attempt.oneShot || attempt.step === 'introspect';
    if (!counts && this.#isFresh(openedAt)) {
      return true;
    }
    const askedAt = performance.now();
    const isOurs = await (counts ? this.attempts.markSent(attempt) : this.attempts.extendLease(attempt));
    return isOurs && this.#isFresh(askedAt);
  }

  #isFresh(since: number): boolean {
    return performance.now() - since < this.config.timing.sendWithinMs;
  }

  async #extend(attempt: OpenAttempt): Promise<void> {
    try {
      await this.attempts.extendLease(attempt);
    } catch (error) {
      const { provider, connection } = attempt;
      this.log.warn('A lease could not be extended.', { provider, connection, ...errorFacts(error) });
    }
  }
}
