import { describe, expect, it } from '@jest/globals';
import { newRandom } from './random.js';

const drawn = (seed: number): readonly number[] => {
  const sut = newRandom(seed);
  return Array.from({ length: 100 }, () => sut.next());
};

describe('newRandom', () => {
  it('should draw the same for the same seed, and something else for another', () => {
    expect(drawn(7)).toEqual(drawn(7));
    expect(drawn(7)).not.toEqual(drawn(8));
  });

  it('should draw whole numbers up to and including both ends', () => {
    const sut = newRandom(1);
    const seen = new Set(Array.from({ length: 200 }, () => sut.between(2, 4)));
    expect([...seen].toSorted()).toEqual([2, 3, 4]);
  });

  it('should draw by weight', () => {
    const sut = newRandom(1);
    const items = [{ weight: 9 }, { weight: 1 }, { weight: 0 }];
    const counts = items.map(() => 0);
    for (let draw = 0; draw < 1000; draw += 1) {
      counts[items.indexOf(sut.weighted(items))]! += 1;
    }
    expect(counts[0]).toBeGreaterThan(850);
    expect(counts[1]).toBeGreaterThan(60);
    expect(counts[2]).toBe(0);
  });
});
