import { beforeEach, describe, expect, it } from '@jest/globals';
import { ConnectionFeed } from './connection.feed.js';
import type { ChangedConnection } from './connections.repository.js';

const MOST = 50_000;
const acme = { provider: 'klavi', connection: 'acme', changedAt: 1 };

describe(ConnectionFeed.name, () => {
  let tick: () => Promise<void>;
  let changed: readonly ChangedConnection[];
  let asked: number;
  let sut: ConnectionFeed;
  const told: (readonly ChangedConnection[] | undefined)[] = [];

  beforeEach(() => {
    asked = 0;
    changed = [acme];
    told.splice(0);
    const changes = { onTick: (listener: () => Promise<void>) => void (tick = listener) };
    const connections = {
      changedWithin: () => {
        asked += 1;
        return Promise.resolve(changed);
      },
    };
    sut = new ConnectionFeed(changes as never, connections as never);
  });

  it('should tell what changed of late', async () => {
    sut.onRenewed((news) => void told.push(news));
    await tick();
    expect(told).toEqual([[acme]]);
  });

  it('should not ask for what nobody wants to hear', async () => {
    let wants = false;
    sut.onRenewed(
      (news) => void told.push(news),
      () => wants,
    );
    await tick();
    expect([asked, told]).toEqual([0, []]);
    wants = true;
    await tick();
    expect([asked, told]).toEqual([1, [[acme]]]);
  });

  it.each([
    [5000, 'all'],
    [MOST, 'that it is too much'],
  ])('should tell of %s changes %s', async (count, what) => {
    changed = Array.from({ length: count }, () => acme);
    sut.onRenewed((news) => void told.push(news));
    await tick();
    expect(told).toEqual([what === 'all' ? changed : undefined]);
  });
});
