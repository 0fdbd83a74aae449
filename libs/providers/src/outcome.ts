import type { Secret } from '@app/common';

/**
 * What became of an attempt (architecture.md, "Words"): `ok` · `rejected`, the grant is dead · `misconfigured`, we are refused ·
 * `not_sent`, proved unprocessed · `unknown`, anything else after the first byte.
 */
export type OutcomeKind = 'ok' | FailureKind;
export type FailureKind = 'rejected' | 'misconfigured' | 'not_sent' | 'unknown';

/** Our word for why, by outcome. Shown in problem documents, the audit log and metrics; never the provider's own text. */
export type FailureReason =
  // rejected
  | 'unauthorized'
  | 'forbidden'
  | 'invalid_grant'
  | 'credential_used'
  // misconfigured
  | 'invalid_client'
  | 'missing_parameter'
  | 'bad_request'
  | 'not_found'
  | 'unusable_credential'
  | 'address_refused'
  // not_sent
  | 'dns_failure'
  | 'connect_failed'
  | 'connect_timeout'
  | 'tls_failure'
  | 'rate_limited'
  | 'unprocessed'
  | 'abandoned_before_send'
  | 'circuit_open'
  | 'retry_budget'
  // unknown
  | 'timeout'
  | 'connection_reset'
  | 'server_error'
  | 'redirected'
  | 'unexpected_status'
  | 'unreadable_answer'
  | 'answer_too_large'
  | 'no_token';

/** What a provider issued. */
export interface Grant {
  readonly accessToken: Secret;
  /** Scheme of the Authorization header that the token is used with: `Bearer`, `Token`. */
  readonly tokenType: string;
  /** Lifetime from the moment of the answer, in seconds; null where the provider states none and the token is no JWT. */
  readonly expiresInSeconds: number | null;
  /** True where the stated lifetime was nonsense (zero, negative, absurd) and was clamped (providers.md, "What holds for all"). */
  readonly expiryClamped: boolean;
  /** Fields of the credential that this answer replaces; a field that did not come back is kept. */
  readonly credential: Readonly<Record<string, Secret>>;
  /** Lifetime of the replaced credential from the moment of the answer, in whole seconds, where the provider states one. */
  readonly credentialExpiresInSeconds?: number;
  /** What else was issued with the token, as strings: Berbix's `client_token` and `transaction_id`. */
  readonly extra: Readonly<Record<string, string>>;
}

export interface Granted {
  readonly kind: 'ok';
  readonly status: number;
  readonly grant: Grant;
}

export interface Failure {
  readonly kind: FailureKind;
  /** The provider's HTTP status; null where it gave none. */
  readonly status: number | null;
  readonly reason: FailureReason;
  /** The parameter that the provider says is missing. */
  readonly parameter?: string;
  /** True where the provider may mean this account alone, although it seems to refuse the client. */
  readonly individual?: true;
  /** Whole seconds that the provider asked us to wait. */
  readonly retryAfterSeconds?: number;
  /**
   * Fields of the credential that came with an answer of success whose access token cannot be used: a new refresh token may
   * be the only valid one in the world.
   */
  readonly salvaged?: Readonly<Record<string, Secret>>;
}

export type Outcome = Granted | Failure;

/** What a provider tells of a credential (RFC 7662): still `unused`, or `used`, that is consumed, revoked or expired. */
export interface Introspected {
  readonly kind: 'ok';
  readonly status: number;
  readonly verdict: 'unused' | 'used';
}

export type IntrospectionOutcome = Introspected | Failure;
