import type { Secret } from '@app/common';
import type { OutboundAnswer, OutboundRequest } from './outbound/exchange.js';
import type { ProviderField } from './fields.js';
import type { Outcome } from './outcome.js';
import type { Traits } from './traits.js';

/**
 * Which exchange an attempt makes. `refresh` renews with what is held; `relogin` wins a lost credential back from other
 * fields of it, without a person. One attempt is one step is one request.
 */
export type Step = 'refresh' | 'relogin';

/** The provider's settings and secrets with the connection's own on top: all that an exchange may use. */
export interface EffectiveCredential {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, Secret>>;
}

/**
 * One type of third party. It knows nothing of connections, storage or audit: it turns an effective credential into one
 * HTTP request, and the answer to it into an outcome. Both are functions of their arguments alone.
 */
export interface Provider {
  /** The name operators configure: `onmeta`, `klavi` … */
  readonly type: string;
  readonly title: string;
  /** The vendor's page that documents the exchange. */
  readonly documentation: string;
  /** Where requests go when no setting says otherwise; null where each customer has a host of its own. */
  readonly defaultBaseUrl: string | null;
  readonly fields: readonly ProviderField[];
  readonly traits: Traits;

  /**
   * The request of this step. `now` is epoch milliseconds, for signed assertions.
   * @throws BrokerError `connection_misconfigured` where a stored field cannot be used, e.g. a damaged private key.
   */
  request(step: Step, credential: EffectiveCredential, now: number): OutboundRequest | Promise<OutboundRequest>;

  /**
   * What an answer means. `now` is epoch milliseconds of its arrival, for moments that it names. Never throws: whatever
   * cannot be read is `unknown`.
   */
  read(step: Step, answer: OutboundAnswer, credential: EffectiveCredential, now: number): Outcome;
}
