import { Injectable } from '@nestjs/common';
import { AdoptionsRepository, AttemptsRepository, type OpenAttempt, Spool } from '@app/connections';
import type { Failure } from '@app/providers';
import { Consequences } from './consequences.js';
import { Insistence } from './insistence.js';

/** How a failed attempt left its connection: `again` where there is something else to do at once. */
export type FailureEnd =
  { readonly kind: 'again' } | { readonly kind: 'failed'; readonly failure: Failure; readonly retryInMs: number };

/** Stores why an attempt failed and what follows from it, and does not give up. */
@Injectable()
export class FailureStore {
  constructor(
    private readonly attempts: AttemptsRepository,
    private readonly adoptions: AdoptionsRepository,
    private readonly spool: Spool,
    private readonly consequences: Consequences,
    private readonly insistence: Insistence,
  ) {}

  /** Closes the attempt and sets when, and whether, the next one may be made. */
  async store(attempt: OpenAttempt, failure: Failure, durationMs: number): Promise<FailureEnd> {
    const end = await this.#store(attempt, failure, durationMs);
    await this.insistence.ifPossible(() => this.#tidySpool(attempt, failure));
    return end;
  }

  /** The provider says that the credential is still unused: a refresh may follow at once. */
  async storeUnused(attempt: OpenAttempt, status: number, durationMs: number): Promise<FailureEnd> {
    await this.insistence.untilItHolds(() => this.attempts.foundUnused(attempt, status, durationMs));
    return { kind: 'again' };
  }

  async #store(attempt: OpenAttempt, failure: Failure, durationMs: number): Promise<FailureEnd> {
    const { relogin, ...consequence } = this.consequences.of(attempt, failure);
    const { salvaged } = failure;
    const { retryInMs } = consequence;
    if (salvaged !== undefined) {
      const salvage = () => this.adoptions.salvage(attempt, salvaged, failure, retryInMs, durationMs);
      // Where the generation moved on, the attempt is closed as any other that failed.
      if (await this.insistence.untilItHolds(salvage)) {
        return { kind: 'failed', failure, retryInMs };
      }
    }
    const mayHoldSpare = attempt.step === 'refresh' && failure.kind === 'rejected' && !relogin;
    // What a second answer brought may be what the provider still honours.
    if (mayHoldSpare && (await this.#promoteSpare(attempt, failure, durationMs))) {
      return { kind: 'again' };
    }
    const alert = await this.insistence.untilItHolds(() =>
      this.attempts.fail(attempt, { failure, durationMs, ...consequence }),
    );
    if (alert) {
      this.consequences.alert(attempt, failure);
    }
    return relogin ? { kind: 'again' } : { kind: 'failed', failure, retryInMs };
  }

  /** Where the outcome is not known, what the spool holds of the attempt is still wanted, until a later answer supersedes it. */
  async #tidySpool(attempt: OpenAttempt, { kind, salvaged }: Failure): Promise<void> {
    if (salvaged !== undefined) {
      return this.spool.adopted(attempt);
    }
    return attempt.irretrievable && kind !== 'unknown' ? this.spool.discard(attempt) : undefined;
  }

  #promoteSpare(attempt: OpenAttempt, failure: Failure, durationMs: number): Promise<boolean> {
    return this.insistence.untilItHolds(() => this.adoptions.promoteSpare(attempt, failure, durationMs));
  }
}
