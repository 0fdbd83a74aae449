import { Inject, Injectable } from '@nestjs/common';
import { errorFacts, Log } from '@app/common';
import { Config } from '@app/config';
import { AttemptsRepository, type OpenAttempt } from '@app/connections';

/** Whether a request may still be sent, asked when its connection stands, and again in the call that would send its first byte. */
export interface LastWord {
  readonly onConnected: () => Promise<boolean>;
  /** Whoever was frozen since does not send. */
  readonly mayWrite: () => boolean;
}

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
   * What is asked before the first byte. `openedAt` is the monotonic time at which the lease was asked for. What can be sent only
   * once counts as sent from the first question on.
   */
  lastWord(attempt: OpenAttempt, openedAt: number): LastWord {
    let heldAt = openedAt;
    return {
      onConnected: async () => {
        const counts = attempt.oneShot || attempt.step === 'introspect';
        if (!counts && this.#isFresh(openedAt)) {
          return true;
        }
        heldAt = performance.now();
        return counts ? this.attempts.markSent(attempt) : this.attempts.extendLease(attempt);
      },
      mayWrite: () => this.#isFresh(heldAt),
    };
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
