import { createSecretKey, type KeyObject } from 'node:crypto';
import { missingKey } from './envelope-error.js';
import type { EncryptionKeyEntry } from './key-file.js';
import type { KeyProvider, KeyReference } from './key-provider.js';
import type { Place } from './place.js';
import { unwrap, wrap } from './wrap.js';

/** Keys that this process holds: opaque handles, which print nothing. */
export class LocalKeys implements KeyProvider {
  #keys: ReadonlyMap<string, KeyObject> = new Map();

  constructor(
    readonly name: 'file' | 'env',
    entries: readonly EncryptionKeyEntry[],
  ) {
    this.replace(entries);
  }

  /** The key file was read again. */
  replace(entries: readonly EncryptionKeyEntry[]): void {
    this.#keys = new Map(
      entries.map(({ id, key }) => [id, createSecretKey(Buffer.from(key.reveal(), 'base64'))] as const),
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
    return () => wrap({ id, key }, dataKey, place);
  }

  async unwrap({ id }: KeyReference, wrapped: Uint8Array, place: Place): Promise<Buffer> {
    return unwrap({ id, key: this.#require(id, place) }, wrapped, place);
  }

  #require(id: string, place: Place): KeyObject {
    const key = this.#keys.get(id);
    if (key === undefined) {
      throw missingKey(id, place);
    }
    return key;
  }
}
