import { Inject, Injectable } from '@nestjs/common';
import { Log } from '@app/common';
import { AdoptionsRepository, type OpenAttempt, Spool } from '@app/connections';
import { type Granted, ProviderRegistry, traitsOf } from '@app/providers';
import type { Received } from './attempt.sender.js';
import { Insistence } from './insistence.js';
import { lifetimeOf } from './lifetime.js';

/** Stores what a provider issued, before anything else can fail, and does not give up. */
@Injectable()
export class GrantStore {
  constructor(
    private readonly adoptions: AdoptionsRepository,
    private readonly spool: Spool,
    private readonly registry: ProviderRegistry,
    private readonly insistence: Insistence,
    @Inject(Log) private readonly log: Log,
  ) {}

  /**
   * Adopts a grant. `received` is what it was read from: where it is not in the spool already, it goes there as soon as the database
   * cannot take it. `sentAt` is the monotonic time of the send, from which the token's life is counted.
   */
  async store(
    attempt: OpenAttempt,
    { grant, status }: Granted,
    received: Received | undefined,
    durationMs: number,
    sentAt: number,
  ): Promise<void> {
    const traits = traitsOf(this.registry.require(attempt.type), attempt.effective.settings);
    const { provider, connection, generation } = attempt;
    if (grant.expiryClamped) {
      this.log.warn('A provider stated an impossible lifetime; it was clamped.', { provider, connection });
    }
    const keep =
      received === undefined || attempt.irretrievable
        ? undefined
        : () => this.spool.keep(attempt, received.answer, received.sentAt);
    const adopted = await this.insistence.untilItHolds(() => {
      const lifetime = lifetimeOf(grant, traits, attempt.connectionId, performance.now() - sentAt);
      return this.adoptions.adopt(attempt, { grant, status, durationMs, ...lifetime });
    }, keep);
    if (adopted === 'spare') {
      const message = 'A token arrived for a generation that was replaced meanwhile; it is kept as a spare.';
      this.log.warn(message, { provider, connection, generation });
    }
    await this.insistence.ifPossible(() => this.spool.adopted(attempt));
  }
}
