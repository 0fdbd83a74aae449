import { Inject, Injectable } from '@nestjs/common';
import { Replica } from '@app/audit';
import { newId } from '@app/common';
import { Envelopes } from '@app/crypto';
import { Database } from '@app/database';
import type { Adoption, AttemptRequest, FailedAttempt, OpenAttempt, UnrecordedAttempt } from './attempt.js';
import { ADOPT, EXTEND_LEASE, FAIL, MARK_RECORDED, OPEN, UNRECORDED } from './attempt.statements.js';
import { type OpenedRow, toOpenAttempt, type UnrecordedRow, toUnrecorded } from './attempt-row.js';
import { sealFields, sealToken } from './sealing.js';

/** How long a lease holds without a heartbeat. */
export const LEASE_MS = 10_000;
/** A sealed value that does not open needs an operator: its key is missing, or it was changed. */
const UNREADABLE_RETRY_MS = 60_000;

/** Attempts and leases: the right to send is written down before anything is sent, and what comes back is never lost to a late holder. */
@Injectable()
export class AttemptsRepository {
  constructor(
    private readonly database: Database,
    private readonly envelopes: Envelopes,
    @Inject(Replica) private readonly replica: string,
  ) {}

  /**
   * Lease, fence and attempt in one commit; an orphan of a dead holder is closed as `abandoned` in the same one. Undefined
   * where somebody else holds a live lease, the generation moved on, the state forbids it or a back-off still runs.
   */
  async open(request: AttemptRequest): Promise<OpenAttempt | undefined> {
    const { actor, requestId = null, clientIp = null } = request.origin;
    const [caller, keyId] = actor.type === 'caller' ? [actor.caller, actor.keyId] : [null, null];
    const attempt = [newId(), request.step, request.trigger, caller, keyId, requestId, clientIp];
    const lease = [request.connectionId, request.generation, request.ignoreBackoff, this.replica, LEASE_MS];
    const [row] = await this.database.query<OpenedRow>({ ...OPEN, values: [...lease, ...attempt] });
    return row && this.#opened(row, request);
  }

  /** What does not open is certainly not sent: the attempt is closed, and nobody tries again at once. */
  async #opened(row: OpenedRow, request: AttemptRequest): Promise<OpenAttempt> {
    try {
      return toOpenAttempt(row, request, this.envelopes);
    } catch (error) {
      const closed = [row.connection_id, row.generation, row.fence, row.attempt_id, 'not_sent', 'unusable_credential'];
      await this.database.adopt({
        ...FAIL,
        values: [...closed, null, null, UNREADABLE_RETRY_MS, null, request.step, 0],
      });
      throw error;
    }
  }

  /** Heartbeat. False where the lease is no longer ours. */
  async extendLease({ connectionId, fence }: OpenAttempt): Promise<boolean> {
    const rows = await this.database.adopt({ ...EXTEND_LEASE, values: [connectionId, fence, LEASE_MS] });
    return rows.length === 1;
  }

  /**
   * Stores what the provider issued and closes the attempt, in one commit. It asks which generation was consumed, not who holds
   * the lease. False where that generation is no longer the current one: the grant is then not adopted.
   */
  async adopt(attempt: OpenAttempt, adoption: Adoption): Promise<boolean> {
    const { id, connectionId, generation, fence, held } = attempt;
    const { grant, status, livesMs, lifetimeSeconds, refreshInMs, durationMs } = adoption;
    const next = generation + 1;
    const credential = { ...held, ...grant.credential };
    const token = { access_token: grant.accessToken.reveal(), token_type: grant.tokenType, extra: grant.extra };
    const rows = await this.database.adopt<{ adopted: boolean }>({
      ...ADOPT,
      values: [
        connectionId,
        generation,
        sealFields(this.envelopes, { table: 'connections', row: connectionId, generation: next }, credential),
        Object.keys(credential),
        Object.keys(grant.credential).length > 0,
        sealToken(this.envelopes, connectionId, next, token),
        Math.round(livesMs),
        lifetimeSeconds,
        Math.round(refreshInMs),
        fence,
        id,
        status,
        Math.round(durationMs),
      ],
    });
    return rows[0]?.adopted === true;
  }

  /** Closes the attempt with its failure; the connection changes only where the consumed generation is still the current one. */
  async fail(attempt: OpenAttempt, failed: FailedAttempt): Promise<void> {
    const { failure, durationMs, retryInMs, state = null, nextStep } = failed;
    await this.database.adopt({
      ...FAIL,
      values: [
        attempt.connectionId,
        attempt.generation,
        attempt.fence,
        attempt.id,
        failure.kind,
        failure.reason,
        failure.status,
        failure.parameter ?? null,
        Math.round(retryInMs),
        state,
        nextStep,
        Math.round(durationMs),
      ],
    });
  }

  /** Notes that the audit log holds the outcome. */
  async markRecorded(ids: readonly string[]): Promise<void> {
    await this.database.query({ ...MARK_RECORDED, values: [ids] });
  }

  /** Closed attempts, older than `olderThanMs`, whose outcome the audit log may not hold: a crash or a failed append left them. */
  async findUnrecorded(olderThanMs: number, limit: number): Promise<UnrecordedAttempt[]> {
    const rows = await this.database.query<UnrecordedRow>({ ...UNRECORDED, values: [olderThanMs, limit] });
    return rows.map(toUnrecorded);
  }
}
