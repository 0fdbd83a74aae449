/** What can be recorded: a closed union, so that a reader of the log knows every word in it. */
export const AUDIT_ACTIONS = [
  'token.issued',
  'token.refused',
  'token.undelivered',
  'refresh.started',
  'refresh.succeeded',
  'refresh.failed',
  'authentication.failed',
  'authorization.refused',
  'request.rate_limited',
  'provider.created',
  'provider.updated',
  'provider.deleted',
  'provider.hosts_confirmed',
  'connection.created',
  'connection.replaced',
  'connection.updated',
  'connection.deleted',
  'connection.paused',
  'connection.resumed',
  'connection.hosts_confirmed',
  'connection.reconciled',
  'caller.created',
  'caller.updated',
  'caller.deleted',
  'key.issued',
  'key.revoked',
  'encryption_key.added',
  'encryption_key.rotation_requested',
  'encryption_key.rotation_cancelled',
  'encryption_key.promoted',
  'encryption_key.retired',
  'encryption_key.reopened',
  'replica.started',
  'replica.stopped',
  'database.restored',
  'audit.retired',
  'audit.exported',
  'audit.verified',
  'audit.looked_up',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** How it ended. The outcomes of an attempt at a provider stand as they are (architecture.md, "Words"). */
export const AUDIT_OUTCOMES = [
  'ok',
  'started',
  'refused',
  'failed',
  'rejected',
  'misconfigured',
  'not_sent',
  'unknown',
] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** Who did it: a caller with one of its keys, the broker's own background work, or somebody who proved no identity. */
export type AuditActor =
  | { readonly type: 'caller'; readonly caller: string; readonly keyId: string }
  | { readonly type: 'system' }
  | { readonly type: 'anonymous' };

/** Where something came from: who did it and, where it came over HTTP, with which request. Spread into an event. */
export interface AuditOrigin {
  readonly actor: AuditActor;
  readonly requestId?: string | null;
  readonly clientIp?: string | null;
}

/**
 * One line of the log as it is handed in; the log itself adds stream, sequence and the database's time. Never a secret:
 * a token appears only as its fingerprint, an administrative change only as the names of the fields it touched.
 */
export interface AuditEvent extends AuditOrigin {
  readonly action: AuditAction;
  readonly outcome: AuditOutcome;
  readonly provider?: string | null;
  readonly connection?: string | null;
  readonly generation?: number | null;
  /** HTTP status that the provider answered. */
  readonly upstreamStatus?: number | null;
  /** Our word for why, such as `unauthorized` or `missing_parameter`. */
  readonly reason?: string | null;
  /** Milliseconds. */
  readonly durationMs?: number | null;
  /** HMAC of the token, by which a leaked one is traced to who got it. */
  readonly tokenFingerprint?: string | null;
  /** Until when that token is good, epoch milliseconds. */
  readonly tokenExpiresAt?: number | null;
  /** How many like events this line stands for; 1 if absent. */
  readonly count?: number;
  /** Names of the fields that an administrative change touched, never their values. */
  readonly fields?: readonly string[];
}
