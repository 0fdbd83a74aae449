import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { KEY_BYTES } from './key-file.js';

/** Bytes of the salt that a key is derived with. */
export const SALT_BYTES = 32;
/**
 * Wrappings with one derived key. Their IVs are random: that two of so many are the same has a chance of 2^-57, where NIST SP 800-38D,
 * 8.3, has keys replaced before 2^-32.
 */
const MOST_WRAPPED = 2 ** 20;
/** A replica derives one with its first seal and another one for each million, so that these are years of them. */
const MOST_REMEMBERED = 1000;

/** A derived key, and what it was derived with. */
export interface WrappingKey {
  readonly salt: Buffer;
  readonly key: KeyObject;
}

/**
 * The keys that data keys are wrapped with: derived from one key-encryption key with random salts (HKDF-SHA256, RFC 5869), so that no
 * number of writes wears that key out. One of them serves many wrappings, and is remembered, as deriving it takes longer than
 * unwrapping with it.
 */
export class WrappingKeys {
  readonly #derived = new LRUCache<string, KeyObject>({ max: MOST_REMEMBERED });
  #current: WrappingKey | undefined;
  #left = 0;

  constructor(
    private readonly kek: KeyObject,
    private readonly mostWrapped = MOST_WRAPPED,
  ) {}

  /** The one to wrap the next data key with; nobody else wraps with it. */
  next(): WrappingKey {
    if (this.#current === undefined || this.#left === 0) {
      const salt = randomBytes(SALT_BYTES);
      this.#current = { salt, key: this.derivedWith(salt) };
      this.#left = this.mostWrapped;
    }
    this.#left -= 1;
    return this.#current;
  }

  /** The one that was derived with this salt. */
  derivedWith(salt: Buffer): KeyObject {
    const name = salt.toString('latin1');
    const known = this.#derived.get(name);
    if (known !== undefined) {
      return known;
    }
    const bytes = Buffer.from(hkdfSync('sha256', this.kek, salt, 'claviger wrap v2', KEY_BYTES));
    const key = createSecretKey(bytes);
    bytes.fill(0);
    this.#derived.set(name, key);
    return key;
  }
}
