import { type ConnectionName, NAME_PATTERN } from '@app/common';
import type { Connection, ConnectionsRepository } from '@app/connections';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { HeldConnections } from './held.connections.js';
import { newConnection } from './testing/new-connection.js';
import { TokenCache } from './token.cache.js';

const acme = { provider: 'klavi', connection: 'acme' };

describe(HeldConnections.name, () => {
  let stored: Connection | undefined;
  let looked: ConnectionName[];
  let whileReading: () => void;
  let cache: TokenCache;
  let sut: HeldConnections;

  beforeEach(() => {
    stored = newConnection();
    looked = [];
    whileReading = () => undefined;
    const feed = { onChange: () => undefined, onRenewed: () => undefined, isCurrent: () => true };
    cache = new TokenCache(feed, { tokenCacheMb: 1 });
    const connections: Pick<ConnectionsRepository, 'find'> = {
      find: ({ provider, connection }) => {
        looked.push({ provider, connection });
        const found = stored;
        whileReading();
        return Promise.resolve(found);
      },
    };
    sut = new HeldConnections(cache, connections as ConnectionsRepository);
  });

  it('should know nothing before it was asked', () => {
    expect(sut.findCached(acme)).toBeUndefined();
    expect(looked).toEqual([]);
  });

  it('should hold what it loaded, and ask the database no more', async () => {
    await expect(sut.load(acme)).resolves.toBe(stored);
    expect(sut.findCached(acme)).toBe(stored);
    expect(looked).toEqual([acme]);
  });

  it('should load anew whenever it is told to', async () => {
    await sut.load(acme);
    stored = newConnection({ generation: 8 });
    await expect(sut.load(acme)).resolves.toBe(stored);
    expect(sut.findCached(acme)).toBe(stored);
  });

  it('should refuse what is not there, with the same words as what is not covered', async () => {
    stored = undefined;
    await expect(sut.load(acme)).rejects.toMatchObject({ code: 'not_found', facts: acme });
    expect(sut.findCached(acme)).toBeUndefined();
  });

  it('should not hold what an administrator may have changed while it was read', async () => {
    whileReading = () => cache.clear();
    await expect(sut.load(acme)).resolves.toBe(stored);
    expect(sut.findCached(acme)).toBeUndefined();
  });

  it('should hold what a refresh came to, and not what changed meanwhile', async () => {
    const renewed = newConnection({ generation: 8 });
    await expect(sut.hold(() => Promise.resolve(renewed))).resolves.toBe(renewed);
    expect(sut.findCached(acme)).toBe(renewed);
    const outdated = newConnection({ generation: 9 });
    await sut.hold(() => {
      cache.clear();
      return Promise.resolve(outdated);
    });
    expect(sut.findCached(acme)).toBeUndefined();
  });

  it('should hold nothing of a refresh that failed', async () => {
    await sut.load(acme);
    await expect(sut.hold(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(sut.findCached(acme)).toBe(stored);
  });

  it('should look once for what may not be seen, and under a name that nothing has', async () => {
    await sut.lookUpInVain(acme);
    expect(looked).toEqual([{ provider: 'klavi', connection: 'acme/' }]);
    expect(NAME_PATTERN.test('acme/')).toBe(false);
    expect(sut.findCached(acme)).toBeUndefined();
  });

  it('should read a connection once for all who ask for it at the same moment', async () => {
    const asked = [1, 2, 3].map(() => sut.share(acme));
    await expect(Promise.all(asked)).resolves.toEqual([stored, stored, stored]);
    expect(looked).toEqual([acme]);
    await sut.share({ ...acme, connection: 'other' });
    await sut.share(acme);
    expect(looked).toHaveLength(3);
  });

  it('should not give what was read before an administrative change to one who asks after it', async () => {
    const before = stored;
    const early = sut.share(acme);
    stored = newConnection({ state: 'paused' });
    cache.clear();
    await expect(sut.share(acme)).resolves.toBe(stored);
    await expect(early).resolves.toBe(before);
    expect(sut.findCached(acme)).toBe(stored);
  });

  it('should look once for what may not be seen and once for what is absent, however many ask at the same moment', async () => {
    await Promise.all([1, 2, 3].map(() => sut.lookUpInVain(acme)));
    stored = undefined;
    await Promise.allSettled([1, 2, 3].map(() => sut.share(acme)));
    expect(looked).toHaveLength(2);
  });
});
