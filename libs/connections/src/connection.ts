import type { Secret } from '@app/common';
import type { OutcomeKind, Traits } from '@app/providers';

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

/** When an access token that is held was issued, and when it ends; epoch milliseconds of the database's clock. */
export interface TokenTimes {
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** As its provider issued it; null for a token that an operator stored, whose lifetime nobody knows. */
  readonly lifetimeSeconds: number | null;
}

/** An access token that is held, opened. */
export interface HeldToken extends TokenTimes {
  readonly accessToken: Secret;
  /** Names the token in the audit log. */
  readonly fingerprint: string;
  /** Scheme of the Authorization header: `Bearer`, `Token`. */
  readonly tokenType: string;
  readonly extra: Readonly<Record<string, string>>;
}

/** Refreshes of the current generation that were sent and whose outcome is not known. Times are epoch ms of the database's clock. */
export interface Unsettled {
  readonly firstSentAt: number;
  readonly lastSentAt: number;
  /** When the provider last said that the credential was still unused; null where it did not. */
  readonly unusedAt: number | null;
  /** When that was last asked without an answer of use; null where it was not. */
  readonly askedInVainAt: number | null;
}

/** What renewing a connection needs to know of it before anything is sent: nothing of what is sealed. */
export interface SealedConnection {
  readonly id: string;
  readonly provider: string;
  readonly connection: string;
  /** Type of its provider. */
  readonly type: string;
  readonly state: ConnectionState;
  readonly trouble: Trouble | null;
  readonly generation: number;
  /** Counts attempts: a decision about the next one holds only while nobody made another. */
  readonly fence: string;
  /** True while somebody's attempt is under way. */
  readonly leased: boolean;
  readonly unsettled: Unsettled | null;
  readonly token: TokenTimes | null;
  /** When it is to be renewed, and before when nobody sends after a failure; epoch ms. */
  readonly refreshAt: number | null;
  readonly retryAt: number | null;
  readonly consecutiveFailures: number;
  readonly lastOutcome: OutcomeKind | null;
  readonly lastTrouble: Trouble | null;
  /** HTTP status that the provider answered to the last attempt, good or bad; null where it gave none. */
  readonly lastStatus: number | null;
  /** `relogin` once its credential was refused and can be won back without a person. */
  readonly nextStep: 'refresh' | 'relogin';
  /** Names of all fields that are set, at either level. */
  readonly fields: ReadonlySet<string>;
  /** The settings of both levels, merged. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** How its provider treats credentials, in view of the settings. */
  readonly traits: Traits;
  /** Why the third party refuses what all connections of the provider share; null while it does not, or where this one shares nothing. */
  readonly providerTrouble: Trouble | null;
  /** When a caller last got its token, roughly, where it is recorded; epoch ms. */
  readonly lastUsedAt: number | null;
  /** When anything of it last changed; epoch ms. */
  readonly changedAt: number;
  /** About so many bytes of memory are its own; the rest it shares with other connections of its provider. */
  readonly heldBytes: number;
}

/** What issuing a token needs to know of a connection: no credential, and the token opened. */
export interface Connection extends SealedConnection {
  readonly token: HeldToken | null;
}
