import { createCipheriv, createDecipheriv, type CipherKey } from 'node:crypto';
import { EnvelopeError } from './envelope-error.js';

const CIPHER = 'aes-256-gcm';
const OPTIONS = { authTagLength: 16 };

/** What encryption gives. The tag is 16 bytes. */
export interface Encrypted {
  readonly tag: Buffer;
  readonly ciphertext: Buffer;
}

/** AES-256-GCM. The pair of key and IV must never be used twice. */
export function encrypt(key: CipherKey, iv: Uint8Array, plain: Uint8Array, aad: Uint8Array): Encrypted {
  const cipher = createCipheriv(CIPHER, key, iv, OPTIONS).setAAD(aad);
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
  return { tag: cipher.getAuthTag(), ciphertext };
}

/** The plain bytes. Throws an EnvelopeError with the message `refused` where key, IV, data or additional data are others. */
export function decrypt(
  key: CipherKey,
  iv: Uint8Array,
  { tag, ciphertext }: { readonly tag: Uint8Array; readonly ciphertext: Uint8Array },
  aad: Uint8Array,
  refused: string,
): Buffer {
  const decipher = createDecipheriv(CIPHER, key, iv, OPTIONS).setAAD(aad).setAuthTag(tag);
  const plain = decipher.update(ciphertext);
  try {
    // Only the tag is left to be checked: a stream cipher keeps no bytes back.
    decipher.final();
    return plain;
  } catch {
    throw new EnvelopeError(refused);
  }
}
