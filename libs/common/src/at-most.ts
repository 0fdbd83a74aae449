/** Bounds an LRUCache to so many entries. It takes memory as it fills: lru-cache's own `max` takes all of it at once. */
export const atMost = (entries: number): { readonly maxSize: number; readonly sizeCalculation: () => number } => ({
  maxSize: entries,
  sizeCalculation: one,
});

const one = (): number => 1;
