import { setImmediate, setTimeout } from 'node:timers/promises';

/** So few rows take about a millisecond: whoever is answered by the same process waits for no more than that. */
const SLICE = 100;
const LONGEST_REST_MS = 200;

/**
 * The same pages in slices, between which others have their turn. After each this rests for `rest` times as long as the slice was
 * worked on, so that what nobody waits for takes only its share of the processor.
 */
export async function* gently<Item>(
  pages: AsyncIterable<readonly Item[]>,
  rest: number,
): AsyncGenerator<readonly Item[]> {
  for await (const page of pages) {
    for (let from = 0; from < page.length; from += SLICE) {
      const began = performance.now();
      yield page.slice(from, from + SLICE);
      const restMs = Math.min(LONGEST_REST_MS, rest * (performance.now() - began));
      await (restMs < 1 ? setImmediate() : setTimeout(restMs));
    }
  }
}
