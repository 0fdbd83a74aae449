import { hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { decrypt, encrypt } from './aead.js';
import { EnvelopeError } from './envelope-error.js';
import { KEY_BYTES } from './key-file.js';
import { encodePlace, type Place } from './place.js';

/** A key-encryption key that this process holds; `key` is an opaque handle that prints nothing. */
export interface LocalKey {
  readonly id: string;
  readonly key: KeyObject;
}

const SALT_BYTES = 32;
const TAG_BYTES = 16;
const IV_BYTES = 12;
const WRAPPED_BYTES = SALT_BYTES + TAG_BYTES + KEY_BYTES;

/** Salt (32 bytes) · tag (16) · encrypted data key (32): the data key, sealed with `kek` for this place. */
export function wrap(kek: LocalKey, dataKey: Uint8Array, place: Place): Buffer {
  const salt = randomBytes(SALT_BYTES);
  const { key, iv } = wrappingKey(kek.key, salt);
  const { tag, ciphertext } = encrypt(key, iv, dataKey, aadOf(kek, place));
  return Buffer.concat([salt, tag, ciphertext]);
}

/** The data key. Throws an EnvelopeError where it was wrapped by another key or for another place. */
export function unwrap(kek: LocalKey, wrapped: Uint8Array, place: Place): Buffer {
  if (wrapped.length !== WRAPPED_BYTES) {
    throw new EnvelopeError('A sealed value is malformed.');
  }
  const { key, iv } = wrappingKey(kek.key, wrapped.subarray(0, SALT_BYTES));
  const tag = wrapped.subarray(SALT_BYTES, SALT_BYTES + TAG_BYTES);
  const ciphertext = wrapped.subarray(SALT_BYTES + TAG_BYTES);
  const refused = `A sealed value of ${place.table}.${place.column} does not open with key ${kek.id}: it was changed, moved here from another place or generation, or sealed with another key of that id.`;
  return decrypt(key, iv, { tag, ciphertext }, aadOf(kek, place), refused);
}

/**
 * AES-GCM with random IVs is safe for 2^32 messages a key (NIST SP 800-38D, 8.3), which a busy broker reaches in weeks. So
 * each wrapping has a key and IV of its own, derived from the key-encryption key with a random salt (RFC 5869).
 */
function wrappingKey(kek: KeyObject, salt: Uint8Array): { readonly key: Buffer; readonly iv: Buffer } {
  const derived = Buffer.from(hkdfSync('sha256', kek, salt, 'claviger wrap v1', KEY_BYTES + IV_BYTES));
  return { key: derived.subarray(0, KEY_BYTES), iv: derived.subarray(KEY_BYTES) };
}

const aadOf = (kek: LocalKey, place: Place): Buffer => encodePlace(`claviger data key v1 ${kek.id}`, place);
