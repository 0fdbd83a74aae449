import { describe, expect, it } from '@jest/globals';
import { Flights } from './flights.js';

describe(Flights.name, () => {
  it('should have a thing done once for all who ask while it is under way', async () => {
    const sut = new Flights<number>();
    let begun = 0;
    const begin = async () => (begun += 1);
    await expect(Promise.all([1, 2, 3].map(() => sut.join('one', begin)))).resolves.toEqual([1, 1, 1]);
    await expect(sut.join('one', begin)).resolves.toBe(2);
  });

  it('should keep apart what has another key', async () => {
    const sut = new Flights<string>();
    const asked = ['one', 'other'].map((key) => sut.join(key, async () => key));
    await expect(Promise.all(asked)).resolves.toEqual(['one', 'other']);
  });

  it('should fail for all who asked, and begin anew after that', async () => {
    const sut = new Flights<string>();
    const failing = () => sut.join('one', () => Promise.reject(new Error('away')));
    const results = await Promise.allSettled([failing(), failing()]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(sut.join('one', async () => 'back')).resolves.toBe('back');
  });
});
