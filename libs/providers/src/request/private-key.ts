import { BrokerError } from '@app/common';
import type { SignJWT } from 'jose';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { requireSecret } from '../effective.js';
import type { EffectiveCredential } from '../provider.js';

const FEWEST_BITS = 2048;

/** Why a text is not a key that assertions can be signed with (`rsa`: of that kind alone), or undefined where it is one. */
export function complaintAboutKey(pem: string, kind?: 'rsa'): string | undefined {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem);
    const isRsa = asymmetricKeyType === 'rsa';
    const isWeak = isRsa && (asymmetricKeyDetails?.modulusLength ?? 0) < FEWEST_BITS;
    const isOther = kind === 'rsa' && !isRsa;
    return isWeak || isOther
      ? `must be ${kind === 'rsa' ? 'an RSA' : 'a'} key of at least ${FEWEST_BITS} bits`
      : undefined;
  } catch {
    return 'must be a private key in PEM, with its line breaks and without a passphrase';
  }
}

/**
 * The JWT, signed with the field `private_key`.
 * @throws BrokerError `connection_misconfigured` where the key is missing, or cannot sign with the JWT's algorithm.
 */
export async function signWithKey(jwt: SignJWT, credential: EffectiveCredential): Promise<string> {
  const key = readKey(requireSecret(credential, 'private_key'));
  const unfit = 'The private key cannot be used with the algorithm: store another one, or correct the algorithm.';
  return jwt.sign(key).catch(() => Promise.reject(unusable(unfit)));
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw unusable('The private key cannot be used: store it again, in PEM.');
  }
}

/** Without a cause: what a parser complains of may be the key. */
const unusable = (message: string): BrokerError => new BrokerError('connection_misconfigured', message);
