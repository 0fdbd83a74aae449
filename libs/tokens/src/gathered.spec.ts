import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Gathered } from './gathered.js';

/** Writes that wait for the test to end them. */
class Writes {
  readonly batches: (readonly number[])[] = [];
  readonly ends: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  readonly write = (items: readonly number[]): Promise<void> => {
    this.batches.push([...items]);
    return new Promise((resolve, reject) => void this.ends.push({ resolve, reject }));
  };
}

const PAUSE_MS = 50;
const pause = () => jest.advanceTimersByTimeAsync(PAUSE_MS);

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe(Gathered.name, () => {
  it('should write a lone item after the pause', async () => {
    const writes = new Writes();
    const sut = new Gathered(PAUSE_MS, writes.write);
    const added = sut.add([1]);
    await pause();
    expect(writes.batches).toEqual([[1]]);
    writes.ends[0]?.resolve();
    await added;
  });

  it('should gather what is added while a write is under way, and write it as one, in order', async () => {
    const writes = new Writes();
    const sut = new Gathered(PAUSE_MS, writes.write);
    void sut.add([1]);
    await pause();
    const others = [sut.add([2]), sut.add([3, 4]), sut.add([5])];
    await pause();
    expect(writes.batches).toEqual([[1]]);
    writes.ends[0]?.resolve();
    await pause();
    expect(writes.batches).toEqual([[1], [2, 3, 4, 5]]);
    writes.ends[1]?.resolve();
    await Promise.all(others);
  });

  it('should tell those whose write failed, and go on with the others', async () => {
    const writes = new Writes();
    const sut = new Gathered(PAUSE_MS, writes.write);
    const first = sut.add([1]);
    await pause();
    const second = sut.add([2]);
    writes.ends[0]?.reject(new Error('away'));
    await expect(first).rejects.toThrow('away');
    await pause();
    writes.ends[1]?.resolve();
    await second;
    expect(writes.batches).toEqual([[1], [2]]);
  });
});
