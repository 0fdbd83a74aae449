import { errorFacts, Log } from '@app/common';
import { Inject, Injectable } from '@nestjs/common';
import { failed } from './failed.js';
import type { OutboundRequest } from './outbound/exchange.js';
import { OutboundClient, type SendOptions } from './outbound/outbound.client.js';
import type { Failure, Outcome } from './outcome.js';
import type { EffectiveCredential, Provider, Step } from './provider.js';

/** How one attempt is sent. */
export interface AttemptOptions extends SendOptions {
  /** Epoch milliseconds of the database's clock, for signed assertions and stated moments. */
  readonly now: number;
}

/** What one attempt came to. */
export interface AttemptResult {
  readonly outcome: Outcome;
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
    step: Step,
    credential: EffectiveCredential,
    options: AttemptOptions,
  ): Promise<AttemptResult> {
    const start = performance.now();
    const outcome = await this.#outcome(provider, step, credential, options);
    return { outcome, durationMs: Math.round(performance.now() - start) };
  }

  async #outcome(
    provider: Provider,
    step: Step,
    credential: EffectiveCredential,
    { now, ...options }: AttemptOptions,
  ): Promise<Outcome> {
    const start = performance.now();
    const request = await this.#request(provider, step, credential, now);
    if ('kind' in request) {
      return request;
    }
    const answer = await this.client.send(request, options);
    if ('kind' in answer) {
      return answer;
    }
    try {
      return provider.read(step, answer, credential, now + performance.now() - start);
    } catch (error) {
      this.log.error('A provider type failed to read an answer.', { provider: provider.type, ...errorFacts(error) });
      return failed('unreadable_answer', answer.status);
    }
  }

  async #request(
    provider: Provider,
    step: Step,
    credential: EffectiveCredential,
    now: number,
  ): Promise<OutboundRequest | Failure> {
    try {
      return await provider.request(step, credential, now);
    } catch (error) {
      this.log.warn('No request could be made of a credential.', { provider: provider.type, ...errorFacts(error) });
      return failed('unusable_credential');
    }
  }
}
