import { errorFacts, Log } from '@app/common';
import { Inject, Injectable } from '@nestjs/common';
import { CA_CERTIFICATES } from './common.fields.js';
import { findSetting } from './effective.js';
import { failed } from './failed.js';
import { isAmong } from './hosts.js';
import type { OutboundAnswer, OutboundRequest } from './outbound/exchange.js';
import { OutboundClient, type SendOptions } from './outbound/outbound.client.js';
import type { Failure, IntrospectionOutcome, Outcome } from './outcome.js';
import type { EffectiveCredential, GrantStep, Provider } from './provider.js';

/** How one attempt is sent. */
export interface AttemptOptions extends SendOptions {
  /** Epoch milliseconds of the database's clock, for signed assertions and stated moments. */
  readonly now: number;
  /**
   * Given the whole raw answer, whatever its status, and awaited before it is read: what it holds may exist nowhere else.
   * Where it throws, that is logged, and reading goes on.
   */
  readonly onAnswer?: (answer: OutboundAnswer) => Promise<void>;
}

/** What one attempt came to. */
export interface AttemptResult<Result = Outcome> {
  readonly outcome: Result;
  /** Whole milliseconds from the making of the request to the end of the answer, by the monotonic clock. */
  readonly durationMs: number;
}

/** One attempt: one step, one request, one outcome. */
@Injectable()
export class RefreshExchange {
  constructor(
    private readonly client: OutboundClient,
    @Inject(Log) private readonly log: Log,
  ) {}

  /**
   * Makes the request of this step, sends it once and reads the answer. Never throws; a stored field that no request can be
   * made of is `misconfigured` for `unusable_credential`.
   */
  async send(
    provider: Provider,
    step: GrantStep,
    credential: EffectiveCredential,
    options: AttemptOptions,
  ): Promise<AttemptResult> {
    const make = () => provider.request(step, credential, options.now);
    const { answer, tookMs } = await this.#ask(provider, credential, make, options);
    const outcome =
      'kind' in answer ? answer : this.readAgain(provider, step, answer, credential, options.now + tookMs);
    return { outcome, durationMs: Math.round(tookMs) };
  }

  /** Asks once whether the credential is still unused. Never throws; a type that cannot tell is `misconfigured`. */
  async introspect(
    provider: Provider,
    credential: EffectiveCredential,
    options: AttemptOptions,
  ): Promise<AttemptResult<IntrospectionOutcome>> {
    const { introspection } = provider;
    if (introspection === undefined) {
      return { outcome: failed('unusable_credential'), durationMs: 0 };
    }
    const { answer, tookMs } = await this.#ask(
      provider,
      credential,
      () => introspection.request(credential, options.now),
      options,
    );
    const outcome =
      'kind' in answer
        ? answer
        : this.#read(provider, answer, () => introspection.read(answer, credential, options.now + tookMs));
    return { outcome, durationMs: Math.round(tookMs) };
  }

  /**
   * What an answer that was kept means. Never throws.
   * @param answeredAt epoch milliseconds of its arrival.
   */
  readAgain(
    provider: Provider,
    step: GrantStep,
    answer: OutboundAnswer,
    credential: EffectiveCredential,
    answeredAt: number,
  ): Outcome {
    return this.#read(provider, answer, () => provider.read(step, answer, credential, answeredAt));
  }

  /**
   * Opens the connection that a refresh would go over, and closes it without having sent a byte of a request. Never throws;
   * undefined where it stood.
   */
  async probe(provider: Provider, credential: EffectiveCredential): Promise<Failure | undefined> {
    // Only the address of the request counts, so no moment need be right.
    const request = await this.#request(provider, credential, () => provider.request('refresh', credential, 0));
    return 'kind' in request ? request : this.client.probe(request.url, trusting(credential));
  }

  async #ask(
    provider: Provider,
    credential: EffectiveCredential,
    make: () => OutboundRequest | Promise<OutboundRequest>,
    { onAnswer, now: _now, ...options }: AttemptOptions,
  ): Promise<{ readonly answer: OutboundAnswer | Failure; readonly tookMs: number }> {
    const start = performance.now();
    const request = await this.#request(provider, credential, make);
    const answer =
      'kind' in request ? request : await this.client.send(request, { ...options, ...trusting(credential) });
    const tookMs = performance.now() - start;
    if (!('kind' in answer) && onAnswer !== undefined) {
      await this.#hand(provider, answer, onAnswer);
    }
    return { answer, tookMs };
  }

  async #hand(
    provider: Provider,
    answer: OutboundAnswer,
    onAnswer: (answer: OutboundAnswer) => Promise<void>,
  ): Promise<void> {
    try {
      await onAnswer(answer);
    } catch (error) {
      this.log.error('An answer could not be kept before it was read.', {
        provider: provider.type,
        ...errorFacts(error),
      });
    }
  }

  #read<Result>(provider: Provider, answer: OutboundAnswer, read: () => Result): Result | Failure {
    try {
      return read();
    } catch (error) {
      this.log.error('A provider type failed to read an answer.', { provider: provider.type, ...errorFacts(error) });
      return failed('unreadable_answer', answer.status);
    }
  }

  /** What a type does not say that it sends to was not confirmed either (hosts.ts). */
  async #request(
    provider: Provider,
    { settings }: EffectiveCredential,
    make: () => OutboundRequest | Promise<OutboundRequest>,
  ): Promise<OutboundRequest | Failure> {
    try {
      const request = await make();
      if (isAmong(new URL(request.url).origin, provider.hosts(settings))) {
        return request;
      }
      this.log.error('A provider type sends to a host that it does not name.', { provider: provider.type });
      return failed('address_refused');
    } catch (error) {
      this.log.warn('No request could be made of a credential.', { provider: provider.type, ...errorFacts(error) });
      return failed('unusable_credential');
    }
  }
}

/** A private CA that is configured for the provider. */
const trusting = (credential: EffectiveCredential): Pick<SendOptions, 'ca'> => ({
  ca: findSetting(credential, CA_CERTIFICATES),
});
