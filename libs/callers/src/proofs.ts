import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KnownKey } from './known-key.js';

/** An API key's text, which is what proves it. */
type Shown = string;

/**
 * What has proved each known key, so that the next request that shows the same text costs one plain hash instead of an HMAC and a
 * checksum. Held is only its SHA-256 under a salt of this process; it is forgotten with the key's record, at every administrative change.
 */
export class Proofs {
  readonly #salt = randomBytes(32).toString('base64url');
  readonly #digests = new WeakMap<KnownKey, Buffer>();

  /** This text was compared with the key's stored hash, and is its own. */
  remember(key: KnownKey, shown: Shown): void {
    this.#digests.set(key, this.#digest(shown));
  }

  /** True where this very text has proved the key before; false says nothing. */
  holds(key: KnownKey, shown: Shown): boolean {
    const digest = this.#digests.get(key);
    return digest !== undefined && timingSafeEqual(digest, this.#digest(shown));
  }

  #digest(shown: Shown): Buffer {
    return hash('sha256', this.#salt + shown, 'buffer');
  }
}
