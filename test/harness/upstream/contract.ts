/** What becomes of a refresh token that was used: dies at once, lives on for some seconds, or is never replaced. */
export type UpstreamKind = 'strict' | 'grace' | 'static';

/** What a client of the OAuth server is registered with. */
export interface ClientOptions {
  /** Its id; made of the other options where absent, so that equal options share one client. */
  readonly client?: string;
  /** For `grace`: how long a consumed refresh token keeps working, from its first use on. 10 unless told. */
  readonly graceSeconds?: number;
  /** Whether the client may ask about its tokens (RFC 7662); false unless told. */
  readonly introspection?: boolean;
}

/** What a grant is issued with. */
export interface IssueOptions extends ClientOptions {
  /** Life of its access tokens, the first one included; 3600 unless told. */
  readonly accessTokenSeconds?: number;
}

/** A grant as its owner gets it: everything that a connection needs. */
export interface IssuedGrant {
  readonly kind: UpstreamKind;
  readonly grantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
  /** The first access token, alive. */
  readonly accessToken: string;
  readonly accessTokenExpiresAt: string;
  readonly graceSeconds: number;
  readonly tokenUrl: string;
  /** Undefined where the client may not ask. */
  readonly introspectionUrl: string | undefined;
}

/**
 * What the front door does to a request. "Processed" means that the OAuth server has seen it and decided before anything else.
 * - `lost` processed, the connection cut without an answer
 * - `truncated` processed, half of the body, then cut
 * - `bad_gateway` processed, answered 502
 * - `slow` processed, answered after `ms`
 * - `hold` processed, answered when it is released
 * - `nonsense_expiry` processed, `expires_in` replaced by `value` (removed where undefined)
 * - `unusable` processed, the access token removed from the answer
 * - `hold_before` processed when it is released, even if the client has gone by then
 * - `late` the connection cut at once, processed after `ms`: a zombie of the network
 * - `refused` never processed: the connection is reset before a byte is read (needs a fault for all)
 * - `cut_before` never processed: read, then the connection cut
 * - `black_hole` never processed, never answered
 * - `unprocessed_503` never processed, answered 503
 * - `rate_limited` never processed, answered 429 with `Retry-After`
 * - `invalid_client` never processed, answered as if the client's secret were wrong
 */
export type FaultKind =
  | 'lost'
  | 'truncated'
  | 'bad_gateway'
  | 'slow'
  | 'hold'
  | 'nonsense_expiry'
  | 'unusable'
  | 'hold_before'
  | 'late'
  | 'refused'
  | 'cut_before'
  | 'black_hole'
  | 'unprocessed_503'
  | 'rate_limited'
  | 'invalid_client';

export type Endpoint = 'token' | 'introspection';

/** A fault and whom it meets: a grant, else a client, else all. The newest one that matches is played. */
export interface Fault {
  readonly kind: FaultKind;
  readonly grantId?: string;
  readonly clientId?: string;
  /** Which requests; `token` unless told. */
  readonly endpoint?: Endpoint;
  /** How many requests; 1 unless told. */
  readonly times?: number | 'until_cleared';
  /** For `slow` and `late`; 1000 unless told. */
  readonly ms?: number;
  /** For `rate_limited`; 1 unless told. */
  readonly retryAfter?: number;
  /** For `nonsense_expiry`. */
  readonly value?: unknown;
}

/** How a request ended at the OAuth server: its RFC 6749 error, or `ok`; `active`, `inactive` for introspection. */
export type UpstreamOutcome = string;

/** A request that came to the front door. Times are epoch milliseconds of the upstream's clock. */
export interface RequestRecord {
  readonly id: number;
  readonly endpoint: Endpoint;
  readonly clientId: string | null;
  /** SHA-256 of the refresh token, shortened; null where the request had none. */
  readonly token: string | null;
  /** When it was read whole. */
  readonly at: number;
  readonly fault: FaultKind | null;
  /** The first request of its connection is 1: a higher number was sent over a reused one. */
  readonly onConnection: number;
  /** When the OAuth server decided; null while or where it never saw the request. */
  readonly reachedAt: number | null;
  readonly outcome: UpstreamOutcome | null;
  /** Whether the OAuth server consumed the refresh token for this request. */
  readonly consumed: boolean;
  /** The refresh token in the OAuth server's answer, shortened like `token`; the same one again where it does not rotate. */
  readonly issued: string | null;
  /** The status that was written; null where none was. */
  readonly status: number | null;
  /** When the whole answer was with the operating system. */
  readonly answeredAt: number | null;
  /**
   * Whether the OAuth server's answer went out whole and the client's side did not reset the connection with it unread; null while
   * that is open (held, or the connection still stands).
   */
  readonly delivered: boolean | null;
  /** When the connection was closed by either side; null while it stands. */
  readonly closedAt: number | null;
}

/** A consumed refresh token came again, and the OAuth server revoked the grant. */
export interface ReuseEvent {
  readonly at: number;
  readonly token: string;
  /** The request that did it. */
  readonly request: number;
}

/** All that the upstream knows of a grant. */
export interface GrantRecord {
  readonly grantId: string;
  readonly kind: UpstreamKind;
  readonly clientId: string;
  /** Every request with a refresh token of this grant, in the order of their coming, introspection too. */
  readonly requests: readonly RequestRecord[];
  /** How many refreshes reached the OAuth server, per refresh token. */
  readonly sends: Readonly<Record<string, number>>;
  readonly reuses: readonly ReuseEvent[];
  /** Revoked by a reuse or on demand. */
  readonly revoked: boolean;
  /** Whether the newest refresh token would work now; looking does not consume it. */
  readonly alive: boolean;
  /** The newest refresh token, shortened. */
  readonly newest: string;
}

/** A request that a `hold` or `hold_before` keeps. */
export interface HeldRequest {
  readonly request: number;
  readonly grantId: string | null;
  readonly kind: 'hold' | 'hold_before';
}

/** Which held requests to let go; all where nothing is given. */
export interface Release {
  readonly grantId?: string;
  readonly request?: number;
}

/** Whose records are meant; all where nothing is given. */
export interface RecordFilter {
  readonly clientId?: string;
  readonly kind?: UpstreamKind;
}
