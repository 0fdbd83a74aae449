import { hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { decrypt, encrypt } from './aead.js';
import { EnvelopeError } from './envelope-error.js';
import { KEY_BYTES } from './key-file.js';
import { encodePlace, type Place } from './place.js';
import { SALT_BYTES, WrappingKeys } from './wrapping-keys.js';

const TAG_BYTES = 16;
const IV_BYTES = 12;
const WRAPPED_BYTES = SALT_BYTES + IV_BYTES + TAG_BYTES + KEY_BYTES;
/** Of the first format, in which the IV was derived as well. */
const WRAPPED_FIRST_BYTES = SALT_BYTES + TAG_BYTES + KEY_BYTES;

/** A key-encryption key that this process holds. Its handle is opaque and prints nothing. */
export class LocalKey {
  readonly #wrappingKeys: WrappingKeys;

  constructor(
    readonly id: string,
    private readonly key: KeyObject,
  ) {
    this.#wrappingKeys = new WrappingKeys(key);
  }

  /** Salt (32 bytes) · IV (12) · tag (16) · encrypted data key (32): the data key, sealed for this place. */
  wrap(dataKey: Uint8Array, place: Place): Buffer {
    const { salt, key } = this.#wrappingKeys.next();
    const iv = randomBytes(IV_BYTES);
    const { tag, ciphertext } = encrypt(key, iv, dataKey, this.#aad('v2', place));
    return Buffer.concat([salt, iv, tag, ciphertext]);
  }

  /** The data key. Throws an EnvelopeError where it was wrapped by another key or for another place. */
  unwrap(wrapped: Uint8Array, place: Place): Buffer {
    const bytes = Buffer.from(wrapped.buffer, wrapped.byteOffset, wrapped.byteLength);
    if (bytes.length === WRAPPED_FIRST_BYTES) {
      return this.#unwrapFirst(bytes, place);
    }
    if (bytes.length !== WRAPPED_BYTES) {
      throw new EnvelopeError('A sealed value is malformed.');
    }
    const [iv, sealed] = split(bytes.subarray(SALT_BYTES), IV_BYTES);
    const key = this.#wrappingKeys.derivedWith(bytes.subarray(0, SALT_BYTES));
    return this.#decrypted(key, iv, sealed, 'v2', place);
  }

  /** Salt · tag · encrypted data key: each wrapping had a key and an IV of its own, derived from the salt. It is not written any more. */
  #unwrapFirst(bytes: Buffer, place: Place): Buffer {
    const [salt, sealed] = split(bytes, SALT_BYTES);
    const derived = Buffer.from(hkdfSync('sha256', this.key, salt, 'claviger wrap v1', KEY_BYTES + IV_BYTES));
    const [key, iv] = split(derived, KEY_BYTES);
    return this.#decrypted(key, iv, sealed, 'v1', place);
  }

  #decrypted(key: KeyObject | Buffer, iv: Buffer, sealed: Buffer, format: string, place: Place): Buffer {
    const [tag, ciphertext] = split(sealed, TAG_BYTES);
    const refused = `A sealed value of ${place.table}.${place.column} does not open with key ${this.id}: it was changed, moved here from another place or generation, or sealed with another key of that id.`;
    return decrypt(key, iv, { tag, ciphertext }, this.#aad(format, place), refused);
  }

  #aad(format: string, place: Place): Buffer {
    return encodePlace(`claviger data key ${format} ${this.id}`, place);
  }
}

const split = (bytes: Buffer, at: number): readonly [Buffer, Buffer] => [bytes.subarray(0, at), bytes.subarray(at)];
