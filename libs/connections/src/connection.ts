import type { Secret } from '@app/common';
import type { OutcomeKind, Step } from '@app/providers';

/** States of a connection, as architecture.md draws them. A transient failure never leaves `active`. */
export const CONNECTION_STATES = [
  'active',
  'uncertain',
  'reauthorization_required',
  'misconfigured',
  'paused',
] as const;
export type ConnectionState = (typeof CONNECTION_STATES)[number];

/** Why a connection is in its state, or why its last attempt failed: our reason and the provider's status. */
export interface Trouble {
  readonly reason: string;
  /** HTTP status that the provider answered; null where it gave none. */
  readonly status: number | null;
  /** The parameter that the provider misses. */
  readonly parameter?: string;
}

/** An access token that is held, opened. Times are epoch milliseconds of the database's clock. */
export interface HeldToken {
  readonly accessToken: Secret;
  /** Names the token in the audit log. */
  readonly fingerprint: string;
  /** Scheme of the Authorization header: `Bearer`, `Token`. */
  readonly tokenType: string;
  readonly extra: Readonly<Record<string, string>>;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** As its provider issued it; null for a token that an operator stored, whose lifetime nobody knows. */
  readonly lifetimeSeconds: number | null;
}

/** What issuing a token needs to know of a connection: no credential, and the token opened. */
export interface Connection {
  readonly id: string;
  readonly provider: string;
  readonly connection: string;
  /** Type of its provider. */
  readonly type: string;
  readonly state: ConnectionState;
  readonly trouble: Trouble | null;
  readonly generation: number;
  readonly token: HeldToken | null;
  /** When it is to be renewed, and before when nobody sends after a failure; epoch ms. */
  readonly refreshAt: number | null;
  readonly retryAt: number | null;
  readonly consecutiveFailures: number;
  readonly lastOutcome: OutcomeKind | null;
  readonly lastTrouble: Trouble | null;
  /** HTTP status that the provider answered to the last attempt, good or bad; null where it gave none. */
  readonly lastStatus: number | null;
  /** `relogin` once its credential was refused and can be won back without a person. */
  readonly nextStep: Step;
  /** Names of all fields that are set, at either level. */
  readonly fields: ReadonlySet<string>;
  /** When anything of it last changed; epoch ms. */
  readonly changedAt: number;
}
