// Which of so many connections is asked for next: each as often as the other, or few of them most of the time (Zipf). Seeded, so that
// a run can be repeated.

/** The exponent that YCSB takes for "Zipfian". */
export const ZIPF_EXPONENT = 0.99;
/** A prime that shares no factor with the sizes used: the most popular ones lie all over the table, not beside each other. */
const STRIDE = 7_368_787;

/** Numbers below one, the same for the same seed (mulberry32). */
export function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Draws indexes below `count`, every one as likely. */
export const uniform = (count, random) => () => Math.floor(random() * count);

/** The index of the connection that `rank` others are asked for more often than. */
export const ofRank = (rank, count) => (rank * STRIDE) % count;

/** Draws indexes below `count`, the k-th most popular one with a weight of 1 / k^0.99. */
export function zipf(count, random) {
  const upTo = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank += 1) {
    sum += (rank + 1) ** -ZIPF_EXPONENT;
    upTo[rank] = sum;
  }
  return () => {
    const at = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      [low, high] = upTo[middle] < at ? [middle + 1, high] : [low, middle];
    }
    return ofRank(low, count);
  };
}
