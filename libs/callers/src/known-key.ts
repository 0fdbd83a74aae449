import type { AuthenticationFailure } from './authentication.error.js';
import type { Caller } from './caller.js';

/** An API key as it is stored, with its caller compiled once for all requests that show it. */
export interface KnownKey {
  /** HMAC-SHA256 of its secret. */
  readonly hash: Uint8Array;
  readonly revoked: boolean;
  /** Epoch milliseconds, as below; undefined where it does not expire. */
  readonly expiresAt: number | undefined;
  readonly callerExpiresAt: number | undefined;
  readonly caller: Caller;
}

/** Why the key is no longer good at `now` (epoch milliseconds), or undefined while it is. */
export function whyDead(key: KnownKey, now: number): AuthenticationFailure | undefined {
  if (key.revoked) {
    return 'key_revoked';
  }
  if (key.expiresAt !== undefined && key.expiresAt <= now) {
    return 'key_expired';
  }
  return key.callerExpiresAt !== undefined && key.callerExpiresAt <= now ? 'caller_expired' : undefined;
}
