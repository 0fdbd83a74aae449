import type { Timing } from '@app/config';

/**
 * Milliseconds until the next attempt after `failures` failures in a row: full jitter between the least and a bound that
 * doubles up to the most; never earlier than the provider asked for.
 */
export function retryIn(
  failures: number,
  { backoffLeastMs, backoffMostMs }: Pick<Timing, 'backoffLeastMs' | 'backoffMostMs'>,
  retryAfterSeconds = 0,
  random: () => number = Math.random,
): number {
  const bound = Math.min(backoffMostMs, backoffLeastMs * 2 ** Math.min(failures, 20));
  return Math.max(backoffLeastMs + random() * (bound - backoffLeastMs), retryAfterSeconds * 1000);
}
