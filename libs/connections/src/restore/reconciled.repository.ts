import { newId, type Secret } from '@app/common';
import type { Envelopes } from '@app/crypto';
import type { Transaction } from '@app/database';
import { sealFields, sealToken, type SealedToken } from '../sealing.js';
import type { Candidate, KnownSend } from './knowledge.js';

/** What a connection holds from now on, opened. */
export interface NewHolding {
  readonly generation: number;
  readonly credential: Readonly<Record<string, Secret>>;
  readonly token: SealedToken | null;
  /** What is new; absent where the same is only sealed for another generation. */
  readonly issued?: IssuedHolding;
}

/** When the credential was issued, and when the token with it where that one still lives. */
export interface IssuedHolding {
  readonly credentialStoredAt: Date;
  readonly refreshAt: Date;
  readonly token?: { readonly issuedAt: Date; readonly expiresAt: Date; readonly lifetimeSeconds: number };
}

/** The state that a connection moves to; a paused one stays paused. */
export interface NewState {
  readonly state: 'active' | 'uncertain' | 'reauthorization_required';
  readonly reason: string | null;
  /** True where somebody says that its credential is good as of now. */
  readonly vouched?: boolean;
  /** When it is to be looked at again. */
  readonly refreshAt: Date;
}

/** When a connection is renewed, and until when its token lives. */
export interface LockedConnection {
  readonly refreshAt: Date | null;
  readonly tokenExpiresAt: Date | null;
}

/** A connection that is reconciled, inside a transaction. */
export class ReconciledRepository {
  constructor(
    private readonly transaction: Transaction,
    private readonly envelopes: Envelopes,
  ) {}

  /** Undefined where it does not stand any more as it was when the decision was made; else it does so until the transaction ends. */
  async lock({ id, generation, state, stateReason }: Candidate): Promise<LockedConnection | undefined> {
    const [row] = await this.transaction.$queryRaw<LockedConnection[]>`
      select refresh_at as "refreshAt", token_expires_at as "tokenExpiresAt" from connections
      where id = ${id}::uuid and generation = ${generation} and state = ${state} and state_reason = ${stateReason} for update`;
    return row;
  }

  /** Moves it to this state, and to what it holds from now on where that changes. Decisions that others made of it are void. */
  async move(
    candidate: Candidate,
    { state, reason, vouched, refreshAt }: NewState,
    now: Date,
    holding?: NewHolding,
  ): Promise<void> {
    await this.transaction.connection.update({
      where: { id: candidate.id },
      data: {
        refreshAt,
        ...(vouched === true ? { credentialUpdatedAt: now } : {}),
        ...(holding === undefined ? {} : await this.#columns(candidate.id, holding)),
        state: candidate.state === 'paused' ? 'paused' : state,
        stateReason: candidate.state === 'paused' ? null : reason,
        stateUpstreamStatus: null,
        stateParameter: null,
        retryAt: null,
        nextStep: 'refresh',
        fence: { increment: 1 },
        updatedAt: now,
        version: { increment: 1 },
      },
    });
  }

  /** Writes an attempt down that the database has lost, so that recovery knows that it was sent. */
  async noteSent({ id }: Candidate, { attempt, generation, sentAt }: KnownSend): Promise<void> {
    const at = new Date(sentAt);
    await this.transaction.$executeRaw`
      insert into attempts (id, connection_id, generation, fence, step, trigger, holder, opened_at, sent_at, closed_at, outcome,
        reason, recorded)
      values (${attempt ?? newId()}::uuid, ${id}::uuid, ${generation}, -1, 'refresh', 'schedule', ${newId()}::uuid, ${at}, ${at},
        ${at}, 'abandoned', 'database_restored', true)
      on conflict (id) do update set sent_at = excluded.sent_at, closed_at = excluded.closed_at, outcome = excluded.outcome
      where attempts.outcome is distinct from 'ok'`;
  }

  async #columns(id: string, { generation, credential, token, issued }: NewHolding) {
    const place = { table: 'connections', row: id, generation } as const;
    return {
      generation,
      credential: new Uint8Array(await sealFields(this.envelopes, place, credential)),
      credentialFields: Object.keys(credential),
      token: token === null ? null : new Uint8Array(await sealToken(this.envelopes, place, token)),
      ...(issued === undefined ? {} : issuedColumns(issued)),
    };
  }
}

const issuedColumns = ({ credentialStoredAt, token }: IssuedHolding) => ({
  credentialUpdatedAt: credentialStoredAt,
  ...(token === undefined
    ? {}
    : {
        tokenIssuedAt: token.issuedAt,
        tokenExpiresAt: token.expiresAt,
        tokenLifetimeSeconds: token.lifetimeSeconds,
      }),
  lastOutcome: 'ok',
  lastReason: null,
  consecutiveFailures: 0,
});
