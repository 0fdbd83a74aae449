import type { AuditOrigin } from '@app/audit';
import type { EffectiveCredential, Failure, Grant, Step } from '@app/providers';

/** What made an attempt necessary. */
export type Trigger = 'caller' | 'report' | 'schedule' | 'admin';

/** What somebody wants: one attempt at renewing a connection as it stands in `generation`. */
export interface AttemptRequest {
  readonly connectionId: string;
  readonly generation: number;
  readonly step: Step;
  readonly trigger: Trigger;
  readonly origin: AuditOrigin;
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
  readonly consecutiveFailures: number;
  /** The connection's own secret fields: what an adoption keeps of them. */
  readonly held: EffectiveCredential['secrets'];
  readonly effective: EffectiveCredential;
}

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
  readonly state?: 'reauthorization_required' | 'misconfigured';
  readonly nextStep: Step;
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
