/** From when to when something lasted; milliseconds of one clock. */
export type Span = readonly [from: number, to: number];

/** The value below which this share of all values lies; 0 where there is none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** How many lasted at the same moment, at most. What ends as another begins was not there with it. */
export function mostAtOnce(spans: readonly Span[]): number {
  const changes = spans.flatMap(([from, to]): [number, number][] => [
    [from, 1],
    [to, -1],
  ]);
  let now = 0;
  let most = 0;
  for (const [, change] of changes.toSorted(([one, up], [other, down]) => one - other || up - down)) {
    now += change;
    most = Math.max(most, now);
  }
  return most;
}
