const LEAST_MS = 1000;
const MOST_MS = 300_000;

/**
 * Milliseconds until the next attempt after `failures` failures in a row: full jitter between one second and a bound that
 * doubles up to five minutes; never earlier than the provider asked for.
 */
export function retryIn(failures: number, retryAfterSeconds = 0, random: () => number = Math.random): number {
  const bound = Math.min(MOST_MS, LEAST_MS * 2 ** Math.min(failures, 20));
  return Math.max(LEAST_MS + random() * (bound - LEAST_MS), retryAfterSeconds * 1000);
}
