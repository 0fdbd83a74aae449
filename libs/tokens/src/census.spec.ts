import type { CensusLine, ConnectionsRepository, KeyStandings } from '@app/connections';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Census } from './census.js';
import { connectionsByState, secondsToNextExpiry } from './tokens.metrics.js';

const NOW = 1_800_000_000_000;

describe(Census.name, () => {
  let counts: number;
  let measures: number;
  let count: () => Promise<CensusLine[]>;
  let sut: Census;

  beforeEach(() => {
    counts = 0;
    measures = 0;
    count = () => Promise.resolve([{ provider: 'klavi', state: 'active', count: 3, nextExpiry: NOW + 60_000 }]);
    const connections = {
      census: () => {
        counts += 1;
        return count();
      },
    } as ConnectionsRepository;
    const keys = { measure: () => Promise.resolve(void (measures += 1)) } as KeyStandings;
    sut = new Census(connections, keys, { now: () => NOW });
  });

  const take20 = (): Promise<PromiseSettledResult<void>[]> =>
    Promise.allSettled(Array.from({ length: 20 }, () => sut.take()));

  it('should be counted once for twenty scrapes at once, and for those after them', async () => {
    await take20();
    await sut.take();
    expect([counts, measures]).toEqual([1, 1]);
    const [connections, expiry] = await Promise.all([connectionsByState.get(), secondsToNextExpiry.get()]);
    expect(connections.values).toEqual([{ labels: { provider: 'klavi', state: 'active' }, value: 3 }]);
    expect(expiry.values).toEqual([{ labels: { provider: 'klavi' }, value: 60 }]);
  });

  it('should not ask a failing database again at once, and tell all who ask', async () => {
    count = () => Promise.reject(new Error('connection refused'));
    expect(new Set((await take20()).map(({ status }) => status))).toEqual(new Set(['rejected']));
    await expect(sut.take()).rejects.toThrow('connection refused');
    expect([counts, measures]).toEqual([1, 1]);
  });
});
