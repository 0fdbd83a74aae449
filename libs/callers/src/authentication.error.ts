import { BrokerError } from '@app/common';

/** Why a key did not authenticate: for the audit log only, the answer is the same for all. */
export type AuthenticationFailure =
  'no_key' | 'malformed_key' | 'unknown_key' | 'wrong_secret' | 'key_revoked' | 'key_expired' | 'caller_expired';

const ANSWER =
  'The API key is missing, malformed, unknown, expired or revoked. Send a live one as "Authorization: Bearer <API key>".';

/** `unauthenticated`, with one fixed sentence whatever the reason. */
export class AuthenticationError extends BrokerError {
  constructor(readonly reason: AuthenticationFailure) {
    super('unauthenticated', ANSWER);
  }
}
