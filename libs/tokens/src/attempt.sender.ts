import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '@app/common';
import { type OpenAttempt, Spool } from '@app/connections';
import {
  type AttemptOptions,
  failed,
  type Failure,
  type GrantStep,
  type IntrospectionOutcome,
  type Outcome,
  type OutboundAnswer,
  ProviderRegistry,
  RefreshExchange,
} from '@app/providers';
import { AttemptLease } from './attempt.lease.js';
import type { Admission } from './health/circuit.js';
import { verdictOf } from './health/verdict.js';
import { SendSlots } from './send.slots.js';
import { refreshes, refreshSeconds } from './tokens.metrics.js';

/** What one request came to. */
export interface Sent<Result> extends Exchanged<Result> {
  /** When its turn came; monotonic, in milliseconds. */
  readonly begunAt: number;
}

interface Exchanged<Result> {
  readonly outcome: Result;
  readonly durationMs: number;
  /** The raw answer of a success, which may hold what exists nowhere else. */
  readonly received?: Received | undefined;
}

/** A raw answer, and when its request was sent; epoch ms of the database's clock. */
export interface Received {
  readonly answer: OutboundAnswer;
  readonly sentAt: number;
}

const NOT_SENT: Exchanged<Failure> = { outcome: failed('abandoned_before_send'), durationMs: 0 };

/** Sends an attempt. Patient: nobody's leaving cancels it. Never throws for what a provider does. */
@Injectable()
export class AttemptSender {
  constructor(
    private readonly lease: AttemptLease,
    private readonly slots: SendSlots,
    private readonly registry: ProviderRegistry,
    private readonly exchange: RefreshExchange,
    private readonly spool: Spool,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** Before the intent is recorded. @throws BrokerError `storage_unavailable` where an answer could not be sealed or kept: nothing may be sent then. */
  async prepare(attempt: OpenAttempt): Promise<void> {
    await (attempt.step === 'introspect' ? undefined : this.spool.reserve(attempt));
    await (attempt.irretrievable ? this.spool.prepare(attempt) : undefined);
  }

  /** One request, one outcome; an answer that cannot be had again is in the spool before it is read. */
  send(attempt: OpenAttempt, step: GrantStep, admission: Admission, openedAt: number): Promise<Sent<Outcome>> {
    const provider = this.registry.require(attempt.type);
    return this.#measured(attempt, admission, async () => {
      const refused = admission.probeFirst ? await this.exchange.probe(provider, attempt.effective) : undefined;
      if (refused !== undefined) {
        return { outcome: refused, durationMs: 0 };
      }
      const sentAt = this.clock.now();
      let received: Received | undefined;
      const onAnswer = async (answer: OutboundAnswer): Promise<void> => {
        if (answer.status >= 200 && answer.status <= 299) {
          received = { answer, sentAt };
          await (attempt.irretrievable ? this.spool.keep(attempt, answer, sentAt) : undefined);
        }
      };
      const options = { ...this.#options(attempt, openedAt), onAnswer, keepAlive: mayShareConnection(attempt) };
      const result = await this.exchange.send(provider, step, attempt.effective, options);
      return { ...result, received };
    });
  }

  /** Asks whether the credential is still unused. */
  introspect(attempt: OpenAttempt, admission: Admission, openedAt: number): Promise<Sent<IntrospectionOutcome>> {
    const provider = this.registry.require(attempt.type);
    return this.#measured(attempt, admission, () =>
      this.exchange.introspect(provider, attempt.effective, this.#options(attempt, openedAt)),
    );
  }

  /** In its turn, if it may still be sent then. */
  async #measured<Result extends Outcome | IntrospectionOutcome>(
    attempt: OpenAttempt,
    admission: Admission,
    exchange: () => Promise<Exchanged<Result>>,
  ): Promise<Sent<Result | Failure>> {
    const slot = await this.slots.take(attempt, () => admission.stands(performance.now()));
    const begunAt = performance.now();
    try {
      const sent = slot.maySend ? await exchange() : NOT_SENT;
      this.#note(attempt, admission, sent);
      return { ...sent, begunAt };
    } finally {
      slot.free();
      admission.end('none', performance.now());
    }
  }

  #note(
    { provider }: OpenAttempt,
    admission: Admission,
    { outcome, durationMs }: Exchanged<Outcome | IntrospectionOutcome>,
  ): void {
    admission.end(verdictOf(outcome), performance.now());
    const reason = outcome.kind === 'ok' ? '' : outcome.reason;
    if (reason === 'invalid_client') {
      this.slots.sendAway(provider);
    }
    refreshes.inc({ provider, outcome: outcome.kind, reason });
    refreshSeconds.observe({ provider }, durationMs / 1000);
  }

  #options(attempt: OpenAttempt, openedAt: number): AttemptOptions {
    return { now: this.clock.now(), ...this.lease.lastWord(attempt, openedAt) };
  }
}

/**
 * A provider may close a connection that stands while a request is on its way, and nobody knows then whether it was read. So only what may be
 * sent again goes over one, and only while nobody waits for it (ADR 60).
 */
const mayShareConnection = ({ step, trigger, irretrievable }: OpenAttempt): boolean =>
  step === 'refresh' && trigger === 'schedule' && !irretrievable;
