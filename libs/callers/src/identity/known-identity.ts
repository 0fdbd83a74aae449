import type { AuthenticationFailure } from '../authentication.error.js';
import type { Caller } from '../caller.js';

/** What is known of an identity: whom it names. */
export interface KnownIdentity {
  /** Its key id is to be replaced by that of the request. */
  readonly caller: Caller;
  /** True where patterns of several callers match it: nobody can say who is meant, and `caller` is only one of them. */
  readonly ambiguous: boolean;
  /** Epoch milliseconds; undefined where it does not expire. */
  readonly callerExpiresAt: number | undefined;
}

/** Why it names no caller at `now` (epoch milliseconds), or the caller. */
export function callerOf(known: KnownIdentity | undefined, now: number): Caller | AuthenticationFailure {
  if (known === undefined) {
    return 'unknown_identity';
  }
  if (known.ambiguous) {
    return 'ambiguous_identity';
  }
  return known.callerExpiresAt !== undefined && known.callerExpiresAt <= now ? 'caller_expired' : known.caller;
}
