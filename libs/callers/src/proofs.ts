import { hash, randomBytes } from 'node:crypto';
import type { KnownKey } from './known-key.js';

/** An API key's text, which is what proves it. */
type Shown = string;

/**
 * What has proved each known key, so that the next request that shows the same text costs one plain hash instead of an HMAC and a
 * checksum. Held is only its SHA-256 under a salt of this process; it is forgotten with the key's record, at every administrative change.
 */
export class Proofs {
  readonly #salt = randomBytes(32).toString('base64url');
  readonly #digests = new WeakMap<KnownKey, string>();

  /** This text was compared with the key's stored hash, and is its own. */
  remember(key: KnownKey, shown: Shown): void {
    this.#digests.set(key, this.#digest(shown));
  }

  /** True where this very text has proved the key before; false says nothing. */
  holds(key: KnownKey, shown: Shown): boolean {
    // How long this takes tells nothing: nobody who does not know the salt can choose how a digest begins.
    return this.#digests.get(key) === this.#digest(shown);
  }

  #digest(shown: Shown): string {
    return hash('sha256', this.#salt + shown, 'base64url');
  }
}
