import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { KeyProvider } from './key-provider.js';
import { RememberedKeys } from './remembered-keys.js';

const KEY = { id: 'k-1', reference: 'k-1' };
const PLACE = { table: 'connections', row: 'a1', column: 'credential', generation: 7 };

/** A service that counts how often it is asked, and wraps by doing nothing. */
class CountedService implements KeyProvider {
  readonly name = 'vault-transit';
  asked = 0;
  failure: Error | undefined;

  offered = () => [KEY];
  has = () => true;

  async wrap(_key: typeof KEY, dataKey: Uint8Array): Promise<Buffer> {
    return Buffer.from(dataKey);
  }

  async unwrap(_key: typeof KEY, wrapped: Uint8Array): Promise<Buffer> {
    this.asked += 1;
    if (this.failure !== undefined) {
      throw this.failure;
    }
    return Buffer.from(wrapped);
  }
}

describe('RememberedKeys', () => {
  it('should ask once for one data key at one place', async () => {
    const service = new CountedService();
    const sut = new RememberedKeys(service);
    const wrapped = randomBytes(32);
    await sut.unwrap(KEY, wrapped, PLACE);
    expect((await sut.unwrap(KEY, wrapped, PLACE)).equals(wrapped)).toBe(true);
    expect(service.asked).toBe(1);
  });

  it('should not ask for what it sealed itself', async () => {
    const service = new CountedService();
    const sut = new RememberedKeys(service);
    const dataKey = randomBytes(32);
    const wrapped = await sut.wrap(KEY, dataKey, PLACE);
    expect((await sut.unwrap(KEY, wrapped, PLACE)).equals(dataKey)).toBe(true);
    expect(service.asked).toBe(0);
  });

  it('should ask again for another place, another key and other bytes', async () => {
    const service = new CountedService();
    const sut = new RememberedKeys(service);
    const wrapped = await sut.wrap(KEY, randomBytes(32), PLACE);
    await sut.unwrap(KEY, wrapped, { ...PLACE, generation: 8 });
    await sut.unwrap({ ...KEY, id: 'k-2' }, wrapped, PLACE);
    await sut.unwrap(KEY, randomBytes(32), PLACE);
    expect(service.asked).toBe(3);
  });

  it('should remember no failure', async () => {
    const service = new CountedService();
    const sut = new RememberedKeys(service);
    service.failure = new Error('down');
    await expect(sut.unwrap(KEY, randomBytes(32), PLACE)).rejects.toThrow('down');
    service.failure = undefined;
    await expect(sut.unwrap(KEY, randomBytes(32), PLACE)).resolves.toHaveLength(32);
  });

  it('should hand out copies: whoever opens wipes its own', async () => {
    const sut = new RememberedKeys(new CountedService());
    const wrapped = await sut.wrap(KEY, Buffer.alloc(32, 7), PLACE);
    (await sut.unwrap(KEY, wrapped, PLACE)).fill(0);
    expect((await sut.unwrap(KEY, wrapped, PLACE)).equals(Buffer.alloc(32, 7))).toBe(true);
  });
});
