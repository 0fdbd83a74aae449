import { LRUCache } from 'lru-cache';
import { createHash } from 'node:crypto';
import type { KeyProvider, KeyReference } from './key-provider.js';
import { encodePlace, type Place } from './place.js';

const MOST = 5000;
const KEEP_MS = 5 * 60_000;

/**
 * A key service that is not asked twice for one data key within five minutes: the secrets of a provider are opened with every
 * refresh of its connections. What is remembered is bounded, and only what this process sealed or opened itself.
 */
export class RememberedKeys implements KeyProvider {
  readonly #dataKeys = new LRUCache<string, Buffer>({
    max: MOST,
    ttl: KEEP_MS,
    dispose: (dataKey) => dataKey.fill(0),
  });

  constructor(private readonly service: KeyProvider) {}

  get name(): KeyProvider['name'] {
    return this.service.name;
  }

  offered(): readonly KeyReference[] {
    return this.service.offered();
  }

  has(key: KeyReference): boolean {
    return this.service.has(key);
  }

  async wrap(key: KeyReference, dataKey: Uint8Array, place: Place): Promise<Buffer> {
    const wrapped = await this.service.wrap(key, dataKey, place);
    this.#dataKeys.set(nameOf(key, wrapped, place), Buffer.from(dataKey));
    return wrapped;
  }

  async unwrap(key: KeyReference, wrapped: Uint8Array, place: Place): Promise<Buffer> {
    const name = nameOf(key, wrapped, place);
    const held = this.#dataKeys.get(name);
    if (held !== undefined) {
      // A copy: whoever opens with it wipes it afterwards.
      return Buffer.from(held);
    }
    const dataKey = await this.service.unwrap(key, wrapped, place);
    this.#dataKeys.set(name, Buffer.from(dataKey));
    return dataKey;
  }
}

const nameOf = ({ id }: KeyReference, wrapped: Uint8Array, place: Place): string =>
  createHash('sha256').update(encodePlace(id, place)).update(wrapped).digest('base64');
