import { Injectable } from '@nestjs/common';
import { ProviderRegistry, RefreshExchange, type Traits, traitsOf } from '@app/providers';
import { AdoptionsRepository } from '../adoptions.repository.js';
import type { Candidate, KnownAnswer } from './knowledge.js';
import { type Held, isUsable, type Usable } from './reconcile.holding.js';

/** What an answer means by today's configuration. */
export interface ReadAnswer {
  readonly held: Held;
  readonly outcome: Usable;
  readonly traits: Traits;
}

/** Opens what the database holds, and reads answers that are at hand. */
@Injectable()
export class ReconcileReader {
  constructor(
    private readonly adoptions: AdoptionsRepository,
    private readonly registry: ProviderRegistry,
    private readonly exchange: RefreshExchange,
  ) {}

  /** The stored credential, opened; undefined where the connection is gone. @throws EnvelopeError where it does not open. */
  async open({ id, generation }: Candidate, attemptId: string, consumed: number): Promise<Held | undefined> {
    const attempt = await this.adoptions.reopen({ attemptId, connectionId: id, generation: consumed });
    return attempt && { attempt, generation };
  }

  /**
   * The answer, read; a text where it brought nothing that can be used, undefined where the connection is gone.
   * @throws Error where the answer or the stored credential does not open.
   */
  async read(candidate: Candidate, answer: KnownAnswer): Promise<ReadAnswer | string | undefined> {
    const held = await this.open(candidate, answer.attempt, answer.generation);
    if (held === undefined) {
      return undefined;
    }
    const spooled = await answer.read();
    const { type, effective } = held.attempt;
    const provider = this.registry.require(type);
    const outcome = this.exchange.readAgain(provider, spooled.step, spooled.answer, effective, answer.answeredAt);
    return isUsable(outcome)
      ? { held, outcome, traits: traitsOf(provider, effective.settings) }
      : `${outcome.kind}: ${outcome.reason}`;
  }
}
