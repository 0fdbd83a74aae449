import { newId } from '@app/common';
import type { EffectiveCredential } from '../provider.js';
import { signWithKey } from '../request/private-key.js';
import type { AssertionSettings } from './settings.js';

const ALGORITHM = 'RS256';
const LIFETIME_SECONDS = 300;

/**
 * A JWT that is signed with the private key (RFC 7523, 3), new for each request: it lives only minutes and has an id of its own.
 * @param audience what is meant where no audience is set.
 * @param now epoch milliseconds.
 * @throws BrokerError `connection_misconfigured` where the key is missing or cannot be used with the algorithm.
 */
export async function signAssertion(
  { issuer, subject = issuer, ...settings }: AssertionSettings,
  credential: EffectiveCredential,
  audience: string,
  now: number,
): Promise<string> {
  const { SignJWT } = await import('jose');
  const seconds = Math.floor(now / 1000);
  const header = { alg: settings.algorithm ?? ALGORITHM, typ: 'JWT', ...(settings.key_id && { kid: settings.key_id }) };
  const jwt = new SignJWT({
    ...settings.claims,
    ...(issuer !== undefined && { iss: issuer }),
    ...(subject !== undefined && { sub: subject }),
    aud: settings.audience ?? audience,
    jti: newId(),
  })
    .setProtectedHeader(header)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + (settings.lifetime_seconds ?? LIFETIME_SECONDS));
  return signWithKey(jwt, credential);
}
