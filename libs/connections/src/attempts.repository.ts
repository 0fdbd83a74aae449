import { Inject, Injectable } from '@nestjs/common';
import { type AuditOrigin, Replica } from '@app/audit';
import { newId } from '@app/common';
import { Config } from '@app/config';
import { Envelopes, KeyServiceError } from '@app/crypto';
import { Database } from '@app/database';
import type { AttemptRequest, FailedAttempt, OpenAttempt } from './attempt.js';
import { DEFER, EXTEND_LEASE, FAIL, FOUND_UNUSED, MARK_SENT, OPEN } from './attempt.statements.js';
import { type OpenedRow, toOpenAttempt } from './attempt-row.js';
import type { SealedConnection } from './connection.js';
import { aloneWhereRefused, GatheredStatements, inLockOrder } from './gathered-statements.js';

/** A sealed value that does not open needs an operator: its key is missing, or it was changed. */
const UNREADABLE_RETRY_MS = 60_000;
/** A key service that cannot be asked may be back at any moment. */
const UNOPENED_RETRY_MS = 2000;

/** Attempts and leases: the right to send is written down before anything is sent. */
@Injectable()
export class AttemptsRepository {
  readonly #opens = new GatheredStatements<AttemptRequest, OpenedRow | undefined>(
    aloneWhereRefused((requests) => this.#open(requests)),
  );
  readonly #marks = new GatheredStatements<OpenAttempt, boolean>(
    aloneWhereRefused((attempts) => this.#markSent(attempts)),
  );

  constructor(
    private readonly database: Database,
    private readonly envelopes: Envelopes,
    @Inject(Replica) private readonly replica: string,
    @Inject(Config) private readonly config: Config,
  ) {}

  /**
   * Lease, fence and attempt in one commit, together with those asked for at the same time; an orphan of a dead holder is closed as
   * `abandoned` in the same one. Undefined where somebody else holds a live lease or made an attempt since the decision, the generation
   * moved on, the state forbids it, a back-off still runs, the provider refuses us, or a one-shot credential would be sent by a
   * restored database.
   */
  async open(request: AttemptRequest): Promise<OpenAttempt | undefined> {
    const row = await this.#opens.ask(request);
    return row && this.#opened(row, request);
  }

  async #open(requests: readonly AttemptRequest[]): Promise<(OpenedRow | undefined)[]> {
    const attempts = requests.map((request) => ({ ...request, id: newId(), ...writtenOrigin(request.origin) }));
    const inOrder = attempts.toSorted(byConnection);
    const of = (name: keyof (typeof attempts)[number]): unknown[] => inOrder.map((attempt) => attempt[name]);
    const who = [of('caller'), of('keyId'), of('requestId'), of('clientIp')];
    const what = [of('connectionId'), of('generation'), of('ignoreBackoff'), of('id'), of('step'), of('trigger')];
    const values = [...what, ...who, of('fence'), of('oneShot'), this.replica, this.#leaseMs];
    const rows = await this.database.query<OpenedRow>({ ...OPEN, values });
    const found = new Map(rows.map((row) => [row.attempt_id, row]));
    return attempts.map(({ id }) => found.get(id));
  }

  /** What does not open is certainly not sent: the attempt is closed, and nobody tries again at once. */
  async #opened(row: OpenedRow, request: AttemptRequest): Promise<OpenAttempt> {
    try {
      return await toOpenAttempt(row, request, this.envelopes);
    } catch (error) {
      const [reason, retryMs] =
        error instanceof KeyServiceError
          ? ['abandoned_before_send', UNOPENED_RETRY_MS]
          : ['unusable_credential', UNREADABLE_RETRY_MS];
      const closed = [row.connection_id, row.generation, row.fence, row.attempt_id, 'not_sent', reason];
      const values = [...closed, null, null, retryMs, null, 'refresh', 0, false, row.version, row.provider_version];
      await this.database.adopt({ ...FAIL, values });
      throw error;
    }
  }

  /**
   * The last word before the first byte of what can be sent only once: false where the lease is no longer ours, or a late answer has
   * replaced the credential. From now on the attempt counts as sent; without this nothing was. Together with those asked for at the
   * same time.
   */
  markSent(attempt: OpenAttempt): Promise<boolean> {
    return this.#marks.ask(attempt);
  }

  async #markSent(attempts: readonly OpenAttempt[]): Promise<boolean[]> {
    const inOrder = attempts.toSorted(byConnection);
    const of = (name: keyof OpenAttempt): unknown[] => inOrder.map((attempt) => attempt[name]);
    const values = [of('connectionId'), of('fence'), of('id'), of('generation'), this.#leaseMs];
    const rows = await this.database.adopt<{ readonly id: string }>({ ...MARK_SENT, values });
    const sent = new Set(rows.map(({ id }) => id));
    return attempts.map(({ id }) => sent.has(id));
  }

  /** Heartbeat. False where the lease is no longer ours. */
  async extendLease({ connectionId, fence }: OpenAttempt): Promise<boolean> {
    const rows = await this.database.adopt({ ...EXTEND_LEASE, values: [connectionId, fence, this.#leaseMs] });
    return rows.length === 1;
  }

  /** Nothing is sent for so long, and the connection shows that an outcome is not known. Without effect where anybody moved it since. */
  async defer({ id, generation, fence }: SealedConnection, waitMs: number): Promise<void> {
    await this.database.query({ ...DEFER, values: [id, generation, fence, Math.round(waitMs)] });
  }

  /**
   * Closes the attempt with its failure; the connection changes only where the consumed generation is still the current one. True
   * where it is the first to find that the third party refuses what all connections of the provider share.
   */
  async fail(attempt: OpenAttempt, failed: FailedAttempt): Promise<boolean> {
    const { failure, durationMs, retryInMs, state = null, nextStep, providerRefused } = failed;
    const which = [attempt.connectionId, attempt.generation, attempt.fence, attempt.id];
    const what = [failure.kind, failure.reason, failure.status, failure.parameter ?? null];
    const then = [Math.round(retryInMs), state, nextStep, Math.round(durationMs), providerRefused];
    const values = [...which, ...what, ...then, attempt.version, attempt.providerVersion];
    const [row] = await this.database.adopt<{ alert: boolean }>({ ...FAIL, values });
    return row?.alert === true;
  }

  /** Closes an introspection that found the credential unused: a refresh may follow at once. */
  async foundUnused(attempt: OpenAttempt, status: number, durationMs: number): Promise<void> {
    const { connectionId, generation, fence, id } = attempt;
    const values = [connectionId, generation, fence, id, status, Math.round(durationMs)];
    await this.database.adopt({ ...FOUND_UNUSED, values });
  }

  get #leaseMs(): number {
    return this.config.timing.leaseMs;
  }
}

const byConnection = (one: { readonly connectionId: string }, other: { readonly connectionId: string }): number =>
  inLockOrder(one.connectionId, other.connectionId);

const writtenOrigin = ({ actor, requestId = null, clientIp = null }: AuditOrigin) => ({
  caller: actor.type === 'caller' ? actor.caller : null,
  keyId: actor.type === 'caller' ? actor.keyId : null,
  requestId,
  clientIp,
});
