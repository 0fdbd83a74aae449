import { createPrivateKey, type KeyObject } from 'node:crypto';
import { BrokerError, newId } from '@app/common';
import { SignJWT } from 'jose';
import { requireSecret } from '../effective.js';
import type { EffectiveCredential } from '../provider.js';
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
  const key = readKey(requireSecret(credential, 'private_key'));
  return jwt.sign(key).catch(() => Promise.reject(unusableKey()));
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw unusableKey();
  }
}

/** Without a cause: what a parser complains of may be the key. */
function unusableKey(): BrokerError {
  return new BrokerError(
    'connection_misconfigured',
    'The private key cannot be used with assertion.algorithm: store it again, in PEM, or correct the algorithm.',
  );
}
