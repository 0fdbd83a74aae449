import type { Caller } from '@app/callers';
import { compileRule } from '@app/callers';
import type { Connection, ConnectionsRepository } from '@app/connections';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { HeldConnections } from './held.connections.js';
import type { Refresher } from './refresher.js';
import { newConnection, NOW } from './testing/new-connection.js';
import { TokenCache } from './token.cache.js';
import { TokenSource } from './token.source.js';

const caller = { name: 'billing', rules: [compileRule('klavi/*')] } as unknown as Caller;
const origin = { actor: { type: 'system' } } as const;
const request = { provider: 'klavi', connection: 'acme', minTtlSeconds: 60 };

describe(TokenSource.name, () => {
  /** The row as each look finds it. */
  let stored: Connection[];
  let looks: number;
  let sut: TokenSource;

  beforeEach(() => {
    looks = 0;
    const feed = { onChange: () => undefined, onRenewed: () => undefined, isCurrent: () => true };
    const find = async () => stored[Math.min(looks++, stored.length - 1)];
    const connections = { find } as unknown as ConnectionsRepository;
    const held = new HeldConnections(new TokenCache(feed, { tokenCacheMb: 1 }), connections);
    sut = new TokenSource(held, {} as Refresher, { now: () => NOW });
  });

  it('should read a row that is not held once for a herd', async () => {
    stored = [newConnection()];
    const obtained = await Promise.all([1, 2, 3].map(() => sut.obtain(caller, request, origin)));
    expect(obtained.map(({ connection }) => connection)).toEqual([stored[0], stored[0], stored[0]]);
    expect(looks).toBe(1);
  });

  it('should read it again for one who reports what is newer than the others have read', async () => {
    stored = [newConnection({ generation: 7 }), newConnection({ generation: 9 })];
    const [old, renewed] = await Promise.all([
      sut.obtain(caller, request, origin),
      sut.obtain(caller, { ...request, rejectedGeneration: 8 }, origin),
    ]);
    expect([old.connection.generation, renewed.connection.generation]).toEqual([7, 9]);
  });
});
