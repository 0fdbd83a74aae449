import { Inject, Injectable } from '@nestjs/common';
import { Log } from '@app/common';
import { Config } from '@app/config';
import type { FailedAttempt, OpenAttempt } from '@app/connections';
import { canRelogin, configuredOf, type Failure, fieldsOf, type Provider, ProviderRegistry } from '@app/providers';
import { retryIn } from './backoff.js';

const LONGEST_QUESTION_MS = 20_000;

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

  #retryIn({ consecutiveFailures, step }: OpenAttempt, { reason, retryAfterSeconds }: Failure): number {
    // A provider that was not asked need not be spared: the next attempt waits no longer because of failures of our own.
    const failures = reason === 'abandoned_before_send' ? 0 : consecutiveFailures;
    const wait = retryIn(failures, this.config.timing, retryAfterSeconds);
    // A question that fails must not outlast the moment at which the refresh is tried without an answer.
    return step === 'introspect' ? Math.min(wait, LONGEST_QUESTION_MS) : wait;
  }
}

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
