import type { Provider, Settings } from './provider.js';

/** How a provider treats its credentials: what the refresh engine must know. */
export interface Traits {
  /** `static`: a repeat is safe. `grace`: safe within `graceSeconds` of the first send. `strict`: a repeat revokes everything. */
  readonly rotation: 'static' | 'grace' | 'strict';
  readonly graceSeconds?: number;
  /**
   * `credential`: the access token is itself the credential and must be renewed while it lives (Klavi).
   * `co_credential`: a live access token is needed beside the refresh token (KlearStack). `none`: neither.
   */
  readonly rolling: 'none' | 'credential' | 'co_credential';
  /** Whether earlier access tokens live on after a refresh; null where the vendor does not say. */
  readonly oldTokenSurvives: boolean | null;
  /** An RFC 7662 endpoint tells whether a refresh token is still unused. */
  readonly introspection: boolean;
  /** Sets of fields, each of which suffices to log in again without a person; empty where nothing does. */
  readonly relogin: readonly (readonly string[])[];
  /** HTTP statuses proved not to consume the credential. */
  readonly unprocessedStatuses: readonly number[];
  /** The fraction of a token's lifetime after which it is renewed. */
  readonly refreshAt: number;
  /** Lifetime in seconds of a token whose provider states none and that is no JWT. */
  readonly defaultTtlSeconds: number;
  /** Scheme of the Authorization header that its tokens are used with: `Bearer`, `Token` … */
  readonly tokenType: string;
  /** A refresh token that was not used for so many seconds dies; absent where it does not, or nobody says so. */
  readonly idleSeconds?: number;
}

/** How a provider behaves with these settings, the provider's and the connection's together. */
export function traitsOf(provider: Provider, settings: Settings): Traits {
  return provider.traitsFor?.(settings) ?? provider.traits;
}
