import { beforeEach, describe, expect, it } from '@jest/globals';
import type { KeyRecord } from './key-record.js';
import { KeyStandings } from './key.standings.js';
import { encryptionKeys, encryptionKeyValues } from './keys.metrics.js';
import type { KeysRepository } from './keys.repository.js';

const RECORDS = [
  { id: 'old', provider: 'file', state: 'decrypt_only' },
  { id: 'new', provider: 'file', state: 'primary' },
] as KeyRecord[];

describe(`${KeyStandings.name} in the metrics`, () => {
  let reads: number;
  let counts: number;
  let countValues: () => Promise<number>;
  let sut: KeyStandings;

  beforeEach(() => {
    reads = 0;
    counts = 0;
    countValues = () => Promise.resolve(7);
    sut = new KeyStandings({
      all: () => {
        reads += 1;
        return Promise.resolve(RECORDS);
      },
      liveReplicas: () => Promise.resolve([]),
      countValues: () => {
        counts += 1;
        return countValues();
      },
    } as unknown as KeysRepository);
  });

  const measure20 = (): Promise<PromiseSettledResult<void>[]> =>
    Promise.allSettled(Array.from({ length: 20 }, () => sut.measure()));

  it('should be counted once for twenty scrapes at once, and for those after them', async () => {
    await measure20();
    await sut.measure();
    expect([reads, counts]).toEqual([1, 1]);
    expect((await encryptionKeys.get()).values).toHaveLength(2);
    expect((await encryptionKeyValues.get()).values).toEqual([{ labels: { key: 'old' }, value: 7 }]);
  });

  it('should not ask a failing database again at once, and tell all who ask', async () => {
    countValues = () => Promise.reject(new Error('connection refused'));
    expect(new Set((await measure20()).map(({ status }) => status))).toEqual(new Set(['rejected']));
    await expect(sut.measure()).rejects.toThrow('connection refused');
    expect([reads, counts]).toEqual([1, 1]);
  });
});
