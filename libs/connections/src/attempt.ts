import type { AuditOrigin } from '@app/audit';
import type { EffectiveCredential, Failure, Grant, Step } from '@app/providers';

/** What made an attempt necessary. */
export type Trigger = 'caller' | 'report' | 'schedule' | 'admin';

/** What somebody wants: one attempt at renewing a connection as it stands in `generation`. */
export interface AttemptRequest {
  readonly connectionId: string;
  readonly generation: number;
  /** The fence that the decision was made at: where another attempt was made since, this one is not. */
  readonly fence: string;
  readonly step: Step;
  readonly trigger: Trigger;
  readonly origin: AuditOrigin;
  /** True where what is sent cannot be sent again: `strict` and `grace` refreshes. */
  readonly oneShot: boolean;
  /** True where the answer cannot be had again: those, and rolling tokens. */
  readonly irretrievable: boolean;
  /** True where an operator asks: the back-off after failures does not hold them. */
  readonly ignoreBackoff: boolean;
}

/** An attempt that is written down: the lease is ours, and what may be sent is opened. */
export interface OpenAttempt {
  readonly id: string;
  readonly connectionId: string;
  readonly provider: string;
  readonly connection: string;
  readonly type: string;
  /** The generation that it consumes. */
  readonly generation: number;
  readonly fence: string;
  readonly step: Step;
  readonly trigger: Trigger;
  readonly origin: AuditOrigin;
  readonly oneShot: boolean;
  readonly irretrievable: boolean;
  /** Counts one-shot attempts of the whole database; null for any other. */
  readonly epoch: number | null;
  readonly consecutiveFailures: number;
  /** The generation that an operator last stored the credential as. */
  readonly credentialSince: number;
  /** Counts administrative changes: what an adoption is merged with must be of the newest, and a refusal of what was sent before says nothing. */
  readonly version: number;
  /** The same of its provider. */
  readonly providerVersion: number;
  /** When its credential was stored; epoch ms of the database's clock. */
  readonly credentialStoredAt: number;
  /** Names of the provider's secret fields that the connection does not replace by its own; none where it is a client of its own. */
  readonly sharedSecrets: readonly string[];
  /** When the token of the generation that it consumes expires; epoch ms of the database's clock, null where there is none. */
  readonly tokenExpiresAt: number | null;
  /** The token itself, as it is stored. */
  readonly sealedToken: Uint8Array | null;
  /** The connection's own secret fields: what an adoption keeps of them. */
  readonly held: EffectiveCredential['secrets'];
  readonly effective: EffectiveCredential;
}

/** What an adoption came to: `known` where this attempt's answer was adopted or kept before, or its connection is gone. */
export type Adopted = 'adopted' | 'spare' | 'known';

/** A provider's grant, ready to be adopted. */
export interface Adoption {
  readonly grant: Grant;
  readonly status: number;
  /** Milliseconds that the token lives from the moment of the commit. */
  readonly livesMs: number;
  /** Whole seconds, as the provider issued it. */
  readonly lifetimeSeconds: number;
  readonly refreshInMs: number;
  readonly durationMs: number;
}

/** How a failed attempt leaves its connection. */
export interface FailedAttempt {
  readonly failure: Failure;
  readonly durationMs: number;
  /** Nobody sends before this many milliseconds have passed. */
  readonly retryInMs: number;
  /** The state it moves to; undefined leaves it as it is. */
  readonly state?: 'reauthorization_required' | 'misconfigured' | 'uncertain';
  readonly nextStep: 'refresh' | 'relogin';
  /** True where the third party refused what all connections of the provider share. */
  readonly providerRefused: boolean;
}

/** A closed attempt whose outcome the audit log may not hold yet. */
export interface UnrecordedAttempt {
  readonly id: string;
  readonly provider: string;
  readonly connection: string;
  readonly generation: number;
  readonly outcome: 'ok' | 'rejected' | 'misconfigured' | 'not_sent' | 'unknown' | 'abandoned';
  readonly reason: string | null;
  readonly upstreamStatus: number | null;
  readonly durationMs: number | null;
  readonly origin: AuditOrigin;
}
