import { Injectable } from '@nestjs/common';
import { RecordedChanges } from '@app/audit';
import { Envelopes } from '@app/crypto';
import type { Candidate, KnownAnswer, KnownSend } from './knowledge.js';
import { type Held, holdingOf, renumbered } from './reconcile.holding.js';
import type { ReadAnswer } from './reconcile.reader.js';
import { type NewHolding, type NewState, ReconciledRepository } from './reconciled.repository.js';

const ORIGIN = { actor: { type: 'system' } } as const;

/**
 * Changes of connections whose database was restored. Each is recorded in the audit log before it is committed, and answers false
 * where somebody changed the connection since it was looked at.
 */
@Injectable()
export class ReconcileChanges {
  constructor(
    private readonly changes: RecordedChanges,
    private readonly envelopes: Envelopes,
  ) {}

  /** It sends again what the database holds. */
  release(candidate: Candidate, reason: 'nothing_newer' | 'database_trusted'): Promise<boolean> {
    return this.#change(candidate, { state: 'active', reason: null }, reason);
  }

  /** It holds what the answer brought; where that was sent, too, it is as uncertain as any attempt without an answer. */
  adopt(
    candidate: Candidate,
    answer: KnownAnswer,
    { held, outcome, traits }: ReadAnswer,
    sent: KnownSend | undefined,
  ): Promise<boolean> {
    const make = (now: Date): NewHolding => holdingOf(held, outcome, answer, traits, now, this.envelopes);
    return sent === undefined
      ? this.#change(candidate, { state: 'active', reason: null }, 'answer_adopted', make)
      : this.#change(candidate, UNKNOWN, 'answer_adopted_and_sent', make, sent);
  }

  /** What the database holds was sent, and nobody knows what became of it: recovery decides. */
  suspect(candidate: Candidate, sent: KnownSend): Promise<boolean> {
    return this.#change(candidate, UNKNOWN, 'sent', undefined, sent);
  }

  /** What the database holds was used: a new credential is needed. */
  lose(candidate: Candidate, held: Held, generation: number): Promise<boolean> {
    const state = { state: 'reauthorization_required', reason: 'credential_used' } as const;
    const make = (): NewHolding => renumbered(held, generation, this.envelopes);
    return this.#change(candidate, state, 'credential_used', generation > candidate.generation ? make : undefined);
  }

  #change(
    candidate: Candidate,
    state: NewState,
    reason: string,
    make?: (now: Date) => NewHolding,
    sent?: KnownSend,
  ): Promise<boolean> {
    return this.changes.change(ORIGIN, async (transaction, now) => {
      const table = new ReconciledRepository(transaction, this.envelopes);
      if (!(await table.lock(candidate))) {
        return { result: false, events: [] };
      }
      const holding = make?.(now);
      await table.move(candidate, state, now, holding);
      if (sent !== undefined) {
        await table.noteSent(candidate, sent);
      }
      const { provider, connection } = candidate;
      const generation = holding?.generation ?? candidate.generation;
      const event = { action: 'connection.reconciled', provider, connection, generation, reason } as const;
      return { result: true, events: [event] };
    });
  }
}

const UNKNOWN: NewState = { state: 'uncertain', reason: 'outcome_unknown' };
