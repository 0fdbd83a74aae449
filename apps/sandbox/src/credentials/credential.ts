import type { Rotation } from '../contract/answers-file.js';

/** A token that the sandbox has issued. */
export interface IssuedToken {
  /** `access`, `refresh`, `client`: the kinds that the provider's answers file names. */
  readonly kind: string;
  readonly value: string;
  /** Epoch milliseconds; null lives for ever. */
  expiresAt: number | null;
  revoked: boolean;
  /** Epoch milliseconds until which it is accepted although a success has consumed it; absent: it is unused. */
  usedUntil?: number;
}

/** What a credential can be told at any time. */
export interface Behaviour {
  /** Lifetime in seconds of access tokens issued from now on; wins over the provider's default and over a requested one. */
  readonly ttl_seconds?: number;
  /** Lifetime in seconds of refresh tokens issued from now on. */
  readonly refresh_ttl_seconds?: number;
  /** Earlier tokens die the moment their successor is issued, instead of living to their own expiry. */
  readonly old_token_dies?: boolean;
  /** What becomes of a consumed refresh token, instead of what the provider does with it. */
  readonly rotation?: Rotation;
  /** How long it is still accepted, in seconds from its first use on; only with the rotation `grace`. */
  readonly grace_seconds?: number;
  /** Lifetimes in answers are written as strings: Klavi's `"expireIn": "1800"`. */
  readonly ttl_as_string?: boolean;
}

/** How a credential is issued: behaviour, and own values instead of the sample's, e.g. a refresh token to search logs for. */
export interface IssueOptions extends Behaviour {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly credential?: Readonly<Record<string, string>>;
}

/** One account that the sandbox knows at a provider. */
export interface Credential {
  readonly id: string;
  readonly provider: string;
  /** RFC 3339. */
  readonly issuedAt: string;
  /** Every field of it that is no token, by our names: settings, secrets and credential in one. */
  readonly fields: Readonly<Record<string, string>>;
  behaviour: Behaviour;
  tokens: IssuedToken[];
  /** API keys, passwords and signing keys no longer count. */
  keysRevoked: boolean;
}

/** What is put into the broker: the provider's settings and secrets, the connection's credential. */
export interface IssuedCredential {
  readonly id: string;
  readonly provider: string;
  /** The broker's type that it is configured with: `klavi`, `oauth2`. */
  readonly type: string;
  /** They point at this sandbox: by `base_url`, or by what the sample says instead. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Shared by all credentials of the provider, unless own ones were asked for. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly credential: Readonly<Record<string, string>>;
}

/** A part of a credential: its access tokens, its refresh tokens, its keys and passwords, or everything. */
export type CredentialPart = 'access' | 'refresh' | 'keys' | 'all';

/** What the sandbox knows of a token. */
export interface TokenFacts {
  readonly provider: string;
  readonly credential: string;
  readonly kind: string;
  readonly live: boolean;
  /** RFC 3339; null lives for ever. */
  readonly expires_at: string | null;
}

/** A credential as it is shown: nothing secret. */
export interface CredentialFacts {
  readonly id: string;
  readonly provider: string;
  /** RFC 3339. */
  readonly issued_at: string;
  readonly behaviour: Behaviour;
  readonly keys: 'live' | 'revoked';
  /** By kind: how many are live, and when the last of them ends (RFC 3339; null where it never does, or none is live). */
  readonly tokens: Readonly<Record<string, { readonly live: number; readonly expires_at: string | null }>>;
}
