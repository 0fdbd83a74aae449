import { beforeEach, describe, expect, it } from '@jest/globals';
import { ConnectionFeed } from './connection.feed.js';
import type { ChangedConnection } from './connections.repository.js';

const MOST = 50_000;
const acme = { provider: 'klavi', connection: 'acme', changedAt: 1 };

describe(ConnectionFeed.name, () => {
  let tick: (quietMs: number | undefined) => Promise<void>;
  let changed: readonly ChangedConnection[];
  /** For how many seconds back. */
  const asked: number[] = [];
  let sut: ConnectionFeed;
  const told: (readonly ChangedConnection[] | undefined)[] = [];

  beforeEach(() => {
    asked.splice(0);
    changed = [acme];
    told.splice(0);
    const changes = { onTick: (listener: typeof tick) => void (tick = listener) };
    const connections = {
      changedWithin: (seconds: number) => {
        asked.push(seconds);
        return Promise.resolve(changed);
      },
    };
    sut = new ConnectionFeed(changes as never, connections as never);
  });

  it('should tell what changed of late', async () => {
    sut.onRenewed((news) => void told.push(news));
    await tick(700);
    expect(told).toEqual([[acme]]);
  });

  it('should not ask for what nobody wants to hear', async () => {
    let wants = false;
    sut.onRenewed(
      (news) => void told.push(news),
      () => wants,
    );
    await tick(700);
    expect([asked, told]).toEqual([[], []]);
    wants = true;
    await tick(700);
    expect([asked, told]).toEqual([[5.7], [[acme]]]);
  });

  it('should tell what changed in all the time in which nothing was heard', async () => {
    sut.onRenewed((news) => void told.push(news));
    await tick(42_000);
    expect([asked, told]).toEqual([[47], [[acme]]]);
  });

  it('should tell that nobody knows, and not ask, where that cannot be said', async () => {
    sut.onRenewed((news) => void told.push(news));
    await tick(undefined);
    expect([asked, told]).toEqual([[], [undefined]]);
  });

  it.each([
    [5000, 'all'],
    [MOST, 'that it is too much'],
  ])('should tell of %s changes %s', async (count, what) => {
    changed = Array.from({ length: count }, () => acme);
    sut.onRenewed((news) => void told.push(news));
    await tick(700);
    expect(told).toEqual([what === 'all' ? changed : undefined]);
  });
});
