import { describe, expect, it } from '@jest/globals';
import { gently } from './gently.js';

async function* pagesOf(...sizes: readonly number[]) {
  let next = 0;
  for (const size of sizes) {
    yield Array.from({ length: size }, () => next++);
  }
}

async function* failing(): AsyncGenerator<readonly number[]> {
  yield [1];
  throw new Error('away');
}

const read = async (pages: AsyncIterable<readonly number[]>): Promise<(readonly number[])[]> => {
  const slices = [];
  for await (const slice of pages) {
    slices.push(slice);
  }
  return slices;
};

describe('gently', () => {
  it('should give all items in their order, a hundred at most at a time', async () => {
    const slices = await read(gently(pagesOf(250, 0, 1), 0));
    expect(slices.map(({ length }) => length)).toEqual([100, 100, 50, 1]);
    expect(slices.flat()).toEqual(Array.from({ length: 251 }, (_, index) => index));
  });

  it('should let others have their turn between two slices', async () => {
    let turns = 0;
    const other = setInterval(() => (turns += 1), 0);
    for await (const slice of gently(pagesOf(300), 2)) {
      expect(slice).toHaveLength(100);
      const end = performance.now() + 5;
      while (performance.now() < end) {
        // Works.
      }
    }
    clearInterval(other);
    expect(turns).toBeGreaterThanOrEqual(2);
  });

  it('should end where nobody takes a further slice, and fail where the pages fail', async () => {
    for await (const slice of gently(pagesOf(300), 0)) {
      expect(slice[0]).toBe(0);
      break;
    }
    await expect(read(gently(failing(), 0))).rejects.toThrow('away');
  });
});
