import type { GrantStep, OutboundAnswer } from '@app/providers';

/** Which database wrote something: the cluster, and its timeline, which a promotion or a recovery to a point in time changes. */
export interface DatabaseIdentity {
  readonly systemIdentifier: string;
  readonly timeline: number;
}

/**
 * What a file of the spool is. `intent`: a one-time credential is about to be sent. `answer`: what came back, not adopted yet.
 * `kept`: the newest answer of a connection that the database holds, in case that the database is lost.
 */
export const SPOOL_KINDS = ['intent', 'answer', 'kept'] as const;
export type SpoolKind = (typeof SPOOL_KINDS)[number];

/** The readable part of a file: ids, generations and times, nothing else. */
export interface SpoolEntry {
  readonly kind: SpoolKind;
  readonly attempt: string;
  readonly connectionId: string;
  /** The generation that the attempt consumes. */
  readonly generation: number;
  /** Counts one-shot attempts of the whole database; null for an attempt that may be repeated. */
  readonly epoch: number | null;
  /** Null where nobody had looked at the database yet. */
  readonly database: DatabaseIdentity | null;
  /** Epoch ms of the database's clock, when it was sent, or a moment before. */
  readonly sentAt: number;
  /** The same, when the answer was there; null for an intent. */
  readonly answeredAt: number | null;
  /** Id of the key that its answer is sealed with; null where it holds none, or none that can be read. */
  readonly sealedWith: string | null;
}

/** An attempt as the spool needs to know it. */
export interface SpooledAttempt {
  readonly id: string;
  readonly connectionId: string;
  readonly generation: number;
  readonly step: 'introspect' | GrantStep;
  readonly epoch: number | null;
}

/** A raw answer as it was kept, and the step that it answers. */
export interface SpooledAnswer {
  readonly step: GrantStep;
  readonly answer: OutboundAnswer;
}

/** True where both are one database on one timeline. */
export const isSameDatabase = (one: DatabaseIdentity | null, other: DatabaseIdentity | null): boolean =>
  one !== null && other !== null && one.systemIdentifier === other.systemIdentifier && one.timeline === other.timeline;
