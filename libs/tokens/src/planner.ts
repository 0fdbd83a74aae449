import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '@app/common';
import { Config } from '@app/config';
import { AttemptsRepository, ConnectionFeed, type SealedConnection } from '@app/connections';
import { ProviderRegistry, type Step } from '@app/providers';
import { decide } from './recovery.js';
import { blockedError, quarantinedError, uncertainError } from './refusal.js';

/** How often a quarantined connection is looked at; whoever lifts the quarantine makes it due. */
const QUARANTINE_MS = 3_600_000;
/** Plans that differ by less are one plan. */
const SAME_TIME_MS = 1000;

/** Decides what is done for a connection next, and notes where that is nothing for a while. */
@Injectable()
export class Planner {
  constructor(
    private readonly attempts: AttemptsRepository,
    private readonly registry: ProviderRegistry,
    @Inject(ConnectionFeed) private readonly feed: Pick<ConnectionFeed, 'currentForMs'>,
    @Inject(Config) private readonly config: Config,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /**
   * What to send, or undefined where somebody else's attempt is under way.
   * @throws BrokerError where nothing may be sent now, with when to ask again.
   */
  async nextStep(connection: SealedConnection, ignoreBackoff: boolean): Promise<Step | undefined> {
    const now = this.clock.now();
    const blocked = blockedError(connection, now, ignoreBackoff);
    if (blocked !== undefined) {
      throw blocked;
    }
    const decision = decide(connection, this.registry.require(connection.type), now, this.config.timing.zombieMs);
    switch (decision.kind) {
      case 'attempt':
        this.#requireQuiet(connection, decision.step);
        return decision.step;
      case 'watch':
        return undefined;
      case 'wait':
        await this.#defer(connection, decision.until, now);
        throw uncertainError(connection, decision.until - now);
      case 'quarantined':
        await this.#defer(connection, now + QUARANTINE_MS, now);
        throw quarantinedError(connection);
    }
  }

  /**
   * What may be a second send waits until the database was there for a while: whoever holds the answer of the first, and could
   * not store it while the database was away, comes first.
   */
  #requireQuiet(connection: SealedConnection, step: Step): void {
    const missing = this.config.timing.quietMs - this.feed.currentForMs();
    if (step === 'refresh' && connection.unsettled !== null && connection.traits.rotation !== 'static' && missing > 0) {
      throw uncertainError(connection, missing);
    }
  }

  /** The scheduler looks again when there is something to do; written once, not by every caller. */
  async #defer(connection: SealedConnection, until: number, now: number): Promise<void> {
    const { state, refreshAt } = connection;
    const isPlanned = state === 'uncertain' && refreshAt !== null && Math.abs(refreshAt - until) < SAME_TIME_MS;
    await (isPlanned ? undefined : this.attempts.defer(connection, until - now));
  }
}
