import { createSecretKey } from 'node:crypto';
import { missingKey } from './envelope-error.js';
import type { EncryptionKeyEntry } from './key-file.js';
import type { KeyProvider, KeyReference } from './key-provider.js';
import { LocalKey } from './local-key.js';
import type { Place } from './place.js';

/** Keys that this process holds: opaque handles, which print nothing. */
export class LocalKeys implements KeyProvider {
  #keys: ReadonlyMap<string, LocalKey> = new Map();

  constructor(
    readonly name: 'file' | 'env',
    entries: readonly EncryptionKeyEntry[],
  ) {
    this.replace(entries);
  }

  /** The key file was read again. */
  replace(entries: readonly EncryptionKeyEntry[]): void {
    this.#keys = new Map(
      entries.map(({ id, key }) => {
        const handle = createSecretKey(Buffer.from(key.reveal(), 'base64'));
        return [id, new LocalKey(id, handle)] as const;
      }),
    );
  }

  offered(): readonly KeyReference[] {
    return [...this.#keys.keys()].map((id) => ({ id, reference: id }));
  }

  has({ id }: KeyReference): boolean {
    return this.#keys.has(id);
  }

  async wrap(key: KeyReference, dataKey: Uint8Array, place: Place): Promise<Buffer> {
    return this.wrapLater(key, dataKey, place)();
  }

  wrapLater({ id }: KeyReference, dataKey: Uint8Array, place: Place): () => Buffer {
    const key = this.#require(id, place);
    return () => key.wrap(dataKey, place);
  }

  async unwrap({ id }: KeyReference, wrapped: Uint8Array, place: Place): Promise<Buffer> {
    return this.#require(id, place).unwrap(wrapped, place);
  }

  #require(id: string, place: Place): LocalKey {
    const key = this.#keys.get(id);
    if (key === undefined) {
      throw missingKey(id, place);
    }
    return key;
  }
}
