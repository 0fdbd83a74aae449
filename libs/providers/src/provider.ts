import type { FieldError, Secret } from '@app/common';
import type { OutboundAnswer, OutboundRequest } from './outbound/exchange.js';
import type { ProviderField } from './fields.js';
import type { Host } from './hosts.js';
import type { IntrospectionOutcome, Outcome } from './outcome.js';
import type { Traits } from './traits.js';

/**
 * Which exchange an attempt makes. `refresh` renews with what is held; `relogin` wins a lost credential back from other
 * fields of it, without a person; `introspect` asks whether the credential is still unused, and consumes nothing. One
 * attempt is one step is one request.
 */
export type Step = GrantStep | 'introspect';

/** The steps that a token comes of. */
export type GrantStep = 'refresh' | 'relogin';

/** Settings by name, as they were configured and checked. */
export type Settings = Readonly<Record<string, unknown>>;

/** The provider's settings and secrets with the connection's own on top: all that an exchange may use. */
export interface EffectiveCredential {
  readonly settings: Settings;
  readonly secrets: Readonly<Record<string, Secret>>;
}

/** How a provider tells whether a credential is still unused (RFC 7662): functions of their arguments alone. */
export interface Introspection {
  /** @throws BrokerError `connection_misconfigured` where a stored field cannot be used. */
  request(credential: EffectiveCredential, now: number): OutboundRequest | Promise<OutboundRequest>;
  /** `now` is epoch milliseconds of the answer. Never throws: whatever cannot be read is `unknown`. */
  read(answer: OutboundAnswer, credential: EffectiveCredential, now: number): IntrospectionOutcome;
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
  /** Every field that the type has; `required` as it is in the plain case. */
  readonly fields: readonly ProviderField[];
  /** How it behaves where no setting says otherwise. */
  readonly traits: Traits;
  /** How it behaves with these settings, where that depends on them; ask with `traitsOf`. */
  traitsFor?(settings: Settings): Traits;
  /** The same fields as they are required with these settings, where that depends on them; ask with `fieldsOf`. */
  fieldsFor?(settings: Settings): readonly ProviderField[];
  /**
   * What is wrong with the fields of both levels together, beyond what is wrong with each of them: paths begin with
   * `settings.` or `secrets.`. What is merely missing is not told again.
   */
  check?(effective: EffectiveCredential): readonly FieldError[];
  /**
   * Where requests with these settings go, and with them the credential: the hosts of every step. Of settings that are not
   * complete, what they say so far (hosts.ts).
   */
  hosts(settings: Settings): readonly Host[];
  /** Present where the traits of some settings tell of introspection. */
  readonly introspection?: Introspection;

  /**
   * The request of this step. `now` is epoch milliseconds, for signed assertions.
   * @throws BrokerError `connection_misconfigured` where a stored field cannot be used, e.g. a damaged private key.
   */
  request(step: GrantStep, credential: EffectiveCredential, now: number): OutboundRequest | Promise<OutboundRequest>;

  /**
   * What an answer means. `now` is epoch milliseconds of its arrival, for moments that it names. Never throws: whatever
   * cannot be read is `unknown`.
   */
  read(step: GrantStep, answer: OutboundAnswer, credential: EffectiveCredential, now: number): Outcome;
}
