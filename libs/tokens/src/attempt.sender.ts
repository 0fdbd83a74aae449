import { Inject, Injectable } from '@nestjs/common';
import { Clock, errorFacts, Log } from '@app/common';
import { AttemptsRepository, LEASE_MS, type OpenAttempt } from '@app/connections';
import { type AttemptResult, ProviderRegistry, RefreshExchange } from '@app/providers';
import { refreshes, refreshSeconds } from './tokens.metrics.js';

/** Sends an attempt, keeping its lease alive meanwhile. Patient: nobody's leaving cancels it. */
@Injectable()
export class AttemptSender {
  constructor(
    private readonly attempts: AttemptsRepository,
    private readonly registry: ProviderRegistry,
    private readonly exchange: RefreshExchange,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Log) private readonly log: Log,
  ) {}

  /** One request, one outcome. Never throws for what a provider does. */
  async send(attempt: OpenAttempt): Promise<AttemptResult> {
    const provider = this.registry.require(attempt.type);
    const heartbeat = setInterval(() => void this.#extendLease(attempt), LEASE_MS / 3);
    try {
      const result = await this.exchange.send(provider, attempt.step, attempt.effective, { now: this.clock.now() });
      const { outcome, durationMs } = result;
      const reason = outcome.kind === 'ok' ? '' : outcome.reason;
      refreshes.inc({ provider: attempt.provider, outcome: outcome.kind, reason });
      refreshSeconds.observe({ provider: attempt.provider }, durationMs / 1000);
      return result;
    } finally {
      clearInterval(heartbeat);
    }
  }

  async #extendLease(attempt: OpenAttempt): Promise<void> {
    try {
      await this.attempts.extendLease(attempt);
    } catch (error) {
      const { provider, connection } = attempt;
      this.log.warn('A lease could not be extended.', { provider, connection, ...errorFacts(error) });
    }
  }
}
