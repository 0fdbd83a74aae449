import { AuthenticationError, type AuthenticationFailure } from '../authentication.error.js';
import { KeysUnavailable } from './issuer-keys.js';

/** The codes of jose that say more than "malformed". */
const REASONS: Readonly<Record<string, AuthenticationFailure>> = {
  ERR_JWT_EXPIRED: 'token_expired',
  ERR_JOSE_ALG_NOT_ALLOWED: 'wrong_algorithm',
  ERR_JWKS_NO_MATCHING_KEY: 'unknown_signing_key',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'unknown_signing_key',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'wrong_signature',
};

const CLAIMS: Readonly<Record<string, AuthenticationFailure>> = {
  aud: 'wrong_audience',
  nbf: 'token_not_yet_valid',
};

/** Why a token was not accepted, whatever went wrong: nothing about a token is ever ours to answer with 500. */
export function tokenRefusal(error: unknown): AuthenticationError {
  if (error instanceof AuthenticationError) {
    return error;
  }
  if (error instanceof KeysUnavailable) {
    return new AuthenticationError('issuer_unavailable');
  }
  const { code, claim, reason } = Object(error) as Readonly<Record<'code' | 'claim' | 'reason', unknown>>;
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED') {
    return new AuthenticationError((reason === 'check_failed' && CLAIMS[String(claim)]) || 'unusable_claims');
  }
  return new AuthenticationError(REASONS[String(code)] ?? 'malformed_token');
}
