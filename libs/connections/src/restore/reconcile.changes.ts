import { Injectable } from '@nestjs/common';
import { RecordedChanges } from '@app/audit';
import { Envelopes } from '@app/crypto';
import type { Candidate, KnownAnswer, KnownSend } from './knowledge.js';
import { type Held, holdingOf, renumbered } from './reconcile.holding.js';
import type { ReadAnswer } from './reconcile.reader.js';
import {
  type LockedConnection,
  type NewHolding,
  type NewState,
  ReconciledRepository,
} from './reconciled.repository.js';

/** A token is renewed at least this long before it expires. */
const LEAST_LEAD_MS = 60_000;
const ORIGIN = { actor: { type: 'system' } } as const;

type State = Omit<NewState, 'refreshAt'>;

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
    // Who trusts the database vouches for its credential now: what spools know of earlier ones does not count any more.
    const vouched = reason === 'database_trusted';
    return this.#change(candidate, { state: 'active', reason: null, vouched }, reason);
  }

  /** It holds what the answer brought; where that was sent, too, it is as uncertain as any attempt without an answer. */
  adopt(
    candidate: Candidate,
    answer: KnownAnswer,
    { held, outcome, traits }: ReadAnswer,
    sent: KnownSend | undefined,
  ): Promise<boolean> {
    const make = (now: Date): Promise<NewHolding> => holdingOf(held, outcome, answer, traits, now, this.envelopes);
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
    const make = (): Promise<NewHolding> => renumbered(held, generation, this.envelopes);
    return this.#change(candidate, state, 'credential_used', generation > candidate.generation ? make : undefined);
  }

  #change(
    candidate: Candidate,
    state: State,
    reason: string,
    make?: (now: Date) => Promise<NewHolding>,
    sent?: KnownSend,
  ): Promise<boolean> {
    return this.changes.change(ORIGIN, candidate, async (transaction, now) => {
      const table = new ReconciledRepository(transaction, this.envelopes);
      const locked = await table.lock(candidate);
      if (locked === undefined) {
        return { result: false, events: [] };
      }
      const holding = await make?.(now);
      const refreshAt = sent === undefined ? (holding?.issued?.refreshAt ?? dueAt(locked, now)) : now;
      await table.move(candidate, { ...state, refreshAt }, now, holding);
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

/** While it was quarantined it was put off. It is due as before, but not after its token is worth anything. */
function dueAt({ refreshAt, tokenExpiresAt }: LockedConnection, now: Date): Date {
  const planned = refreshAt?.getTime() ?? 0;
  const latest = (tokenExpiresAt?.getTime() ?? 0) - LEAST_LEAD_MS;
  return new Date(Math.max(now.getTime(), Math.min(planned, latest)));
}

const UNKNOWN: State = { state: 'uncertain', reason: 'outcome_unknown' };
