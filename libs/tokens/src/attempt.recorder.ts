import { Inject, Injectable } from '@nestjs/common';
import { type AuditEvent, AuditLog } from '@app/audit';
import { errorFacts, Log } from '@app/common';
import { AttemptRecordsRepository, type OpenAttempt, type UnrecordedAttempt } from '@app/connections';
import type { IntrospectionOutcome, Outcome } from '@app/providers';
import { Gathered } from './gathered.js';

/** An attempt closed this long ago whose row is still missing was left behind by a crash or a failed append. */
const LEFT_BEHIND_MS = 10_000;
const BATCH = 100;
/** Nobody waits for the row of a success, and nothing follows it soon: so long those of several refreshes are gathered. */
const GATHER_MS = 50;

/** Writes what became of attempts into the audit log. An adoption never waits for it; what is missed is completed later. */
@Injectable()
export class AttemptRecorder {
  readonly #underWay = new Set<Promise<void>>();
  readonly #renewed = new Gathered<UnrecordedAttempt>(GATHER_MS, (attempts) => this.#write(attempts));

  constructor(
    private readonly audit: AuditLog,
    private readonly attempts: AttemptRecordsRepository,
    @Inject(Log) private readonly log: Log,
  ) {}

  /** The intent. Nothing may be sent before this resolves. @throws BrokerError `audit_unavailable`. */
  async recordIntent(attempt: OpenAttempt): Promise<void> {
    const { provider, connection, generation, origin, step } = attempt;
    const reason = `${attempt.trigger}_${step}`;
    await this.audit.append({
      action: 'refresh.started',
      outcome: 'started',
      provider,
      connection,
      generation,
      reason,
      ...origin,
    });
  }

  /** The outcome; resolves when it is recorded or left for later, and never rejects. */
  async recordOutcome(
    attempt: OpenAttempt,
    outcome: Outcome | IntrospectionOutcome,
    durationMs: number,
  ): Promise<void> {
    const { id, provider, connection, generation, origin } = attempt;
    const { kind, status: upstreamStatus } = outcome;
    const reason = outcome.kind === 'ok' ? reasonOfSuccess(outcome) : reasonOf(outcome);
    const what = { outcome: kind, reason, upstreamStatus, durationMs };
    const ended = [{ id, provider, connection, generation, ...what, origin }];
    await this.#noted(attempt.step !== 'introspect' && kind === 'ok' ? this.#renewed.add(ended) : this.#write(ended));
  }

  /** Completes the log for attempts that a crash or a failed append left without their row. */
  async completeLeftBehind(): Promise<void> {
    const left = await this.attempts.findUnrecorded(LEFT_BEHIND_MS, BATCH);
    if (left.length > 0) {
      await this.#noted(this.#write(left));
    }
  }

  /** Resolves when no outcome is on its way to the log any more. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  #noted(writing: Promise<void>): Promise<void> {
    const noted = writing.finally(() => this.#underWay.delete(noted));
    this.#underWay.add(noted);
    return noted;
  }

  async #write(attempts: readonly UnrecordedAttempt[]): Promise<void> {
    try {
      await this.audit.appendAll(attempts.map(toEvent));
      await this.attempts.markRecorded(attempts.map(({ id }) => id));
    } catch (error) {
      this.log.warn(
        'The outcome of an attempt is not in the audit log yet; it is written as soon as it can be.',
        errorFacts(error),
      );
    }
  }
}

const reasonOf = ({ reason, parameter }: { readonly reason: string; readonly parameter?: string }): string =>
  parameter === undefined ? reason : `${reason}:${parameter}`;

const reasonOfSuccess = (outcome: object): string | null => ('verdict' in outcome ? 'unused' : null);

const toEvent = (attempt: UnrecordedAttempt): AuditEvent => ({
  action: attempt.outcome === 'ok' ? 'refresh.succeeded' : 'refresh.failed',
  outcome: attempt.outcome === 'abandoned' ? 'unknown' : attempt.outcome,
  provider: attempt.provider,
  connection: attempt.connection,
  generation: attempt.generation,
  reason: attempt.outcome === 'abandoned' ? 'abandoned' : attempt.reason,
  upstreamStatus: attempt.upstreamStatus,
  durationMs: attempt.durationMs,
  ...attempt.origin,
});
