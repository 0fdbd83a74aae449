import { Inject, Injectable } from '@nestjs/common';
import { Clock, Log } from '@app/common';
import { Config } from '@app/config';
import type { FailedAttempt, OpenAttempt } from '@app/connections';
import {
  canRelogin,
  configuredOf,
  type Failure,
  fieldsOf,
  lapsesWithToken,
  type Provider,
  ProviderRegistry,
} from '@app/providers';
import { retryIn } from './backoff.js';

const LONGEST_QUESTION_MS = 20_000;
/** The longest back-off of a credential that lapses with its token, and how long before that it is tried at the latest. */
const LONGEST_ROLLING_MS = 20_000;
const LAST_TRIES_MS = 10_000;

/** What follows from a failure. */
export interface Consequence extends Pick<FailedAttempt, 'state' | 'nextStep' | 'providerRefused' | 'retryInMs'> {
  /** True where a log-in without a person can win the refused credential back at once. */
  readonly relogin: boolean;
}

/** Judges failures: how long nobody sends, which state the connection moves to, and whom else it concerns. */
@Injectable()
export class Consequences {
  constructor(
    private readonly registry: ProviderRegistry,
    @Inject(Config) private readonly config: Config,
    @Inject(Log) private readonly log: Log,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** What follows from this failure of this attempt. */
  of(attempt: OpenAttempt, failure: Failure): Consequence {
    const provider = this.registry.require(attempt.type);
    const refused = attempt.step === 'refresh' && failure.kind === 'rejected';
    if (refused && mayRelogin(attempt, provider)) {
      return { relogin: true, nextStep: 'relogin', retryInMs: 0, providerRefused: false };
    }
    const state = stateAfter(attempt, failure);
    return {
      relogin: false,
      ...(state === undefined ? {} : { state }),
      nextStep: attempt.step === 'relogin' ? 'relogin' : 'refresh',
      retryInMs: this.#retryIn(attempt, failure),
      providerRefused: isOfClient(failure) && sharesSecret(attempt, provider),
    };
  }

  /** Tells operators, once, that a whole provider stands still. */
  alert({ provider }: OpenAttempt, { reason, status }: Failure): void {
    const message =
      'The provider refuses what all its connections share. Nothing is sent for any of them until an operator changes its settings or secrets.';
    this.log.error(message, { provider, reason, status });
  }

  #retryIn(attempt: OpenAttempt, { reason, retryAfterSeconds }: Failure): number {
    // A provider that was not asked need not be spared: the next attempt waits no longer because of failures of our own.
    const failures = reason === 'abandoned_before_send' ? 0 : attempt.consecutiveFailures;
    const { backoffLeastMs, backoffMostMs } = this.config.timing;
    const leftMs = this.#untilLapse(attempt);
    const mostMs = leftMs === undefined ? backoffMostMs : Math.min(backoffMostMs, LONGEST_ROLLING_MS);
    const wait = retryIn(failures, { backoffLeastMs, backoffMostMs: mostMs }, retryAfterSeconds);
    // A question that fails must not outlast the moment at which the refresh is tried without an answer.
    const asked = attempt.step === 'introspect' ? Math.min(wait, LONGEST_QUESTION_MS) : wait;
    return leftMs === undefined ? asked : Math.min(asked, Math.max(backoffLeastMs, latestTryIn(leftMs)));
  }

  /** Milliseconds until only a person can win the credential back, as far as is known; undefined where that is so already, or never. */
  #untilLapse({ type, effective, tokenExpiresAt }: OpenAttempt): number | undefined {
    const lapses = lapsesWithToken(this.registry.require(type), configuredOf(effective));
    const leftMs = tokenExpiresAt === null ? Infinity : tokenExpiresAt - this.clock.now();
    return lapses && leftMs > 0 ? leftMs : undefined;
  }
}

/** A last try comes in time, whatever the provider asked for; and where that fails, more of them in what is left. */
const latestTryIn = (leftMs: number): number => Math.max(leftMs - LAST_TRIES_MS, leftMs / 2);

function stateAfter({ step, oneShot }: OpenAttempt, { kind, reason }: Failure): FailedAttempt['state'] {
  if (step === 'introspect') {
    // That the question failed says nothing of the credential.
    return reason === 'credential_used' ? 'reauthorization_required' : undefined;
  }
  if (kind === 'rejected') {
    return 'reauthorization_required';
  }
  if (kind === 'misconfigured') {
    return 'misconfigured';
  }
  return kind === 'unknown' && oneShot ? 'uncertain' : undefined;
}

function mayRelogin({ effective }: OpenAttempt, provider: Provider): boolean {
  return canRelogin(provider, configuredOf(effective));
}

const isOfClient = ({ reason, individual }: Failure): boolean => reason === 'invalid_client' && individual !== true;

/** Whether the secret that a client authenticates with stands at the provider's level, for all its connections. */
function sharesSecret({ sharedSecrets, effective }: OpenAttempt, provider: Provider): boolean {
  const fields = fieldsOf(provider, effective.settings);
  return fields.some((field) => field.secret && field.usualLevel === 'provider' && sharedSecrets.includes(field.name));
}
