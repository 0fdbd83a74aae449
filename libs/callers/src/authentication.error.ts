import { BrokerError } from '@app/common';

/** Why a request proved no identity: for the audit log only, the answer is the same for all. */
export type AuthenticationFailure =
  | 'no_key'
  | 'malformed_key'
  | 'unknown_key'
  | 'wrong_secret'
  | 'key_revoked'
  | 'key_expired'
  | 'caller_expired'
  // Tokens of trusted issuers.
  | 'malformed_token'
  | 'unknown_issuer'
  | 'wrong_algorithm'
  | 'unknown_signing_key'
  | 'wrong_signature'
  | 'wrong_audience'
  | 'unusable_claims'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'issuer_unavailable'
  // Identities of any kind.
  | 'unknown_identity'
  | 'ambiguous_identity'
  // Identities in a header.
  | 'malformed_identity'
  | 'untrusted_proxy';

const ANSWER =
  'The API key is missing, malformed, unknown, expired or revoked. Send a live one as "Authorization: Bearer <API key>", or a token of an issuer that is trusted here.';

/** `unauthenticated`, with one fixed sentence whatever the reason. */
export class AuthenticationError extends BrokerError {
  constructor(readonly reason: AuthenticationFailure) {
    super('unauthenticated', ANSWER);
  }
}
