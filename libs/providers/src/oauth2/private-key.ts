import { createPrivateKey } from 'node:crypto';

const FEWEST_BITS = 2048;

/** Why a text is not a key that assertions can be signed with, or undefined where it is one. */
export function complaintAboutKey(pem: string): string | undefined {
  try {
    const key = createPrivateKey(pem);
    const isWeak = key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < FEWEST_BITS;
    return isWeak ? `must be a key of at least ${FEWEST_BITS} bits` : undefined;
  } catch {
    return 'must be a private key in PEM, with its line breaks and without a passphrase';
  }
}
