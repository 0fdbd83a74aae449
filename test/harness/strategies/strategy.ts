import type { Pool } from 'pg';

/** What is compared with the broker, by the names that their processes are started with. */
export const STRATEGIES = ['read-send-write', 'for-update', 'advisory-lock', 'fenced-lease'] as const;

export type StrategyName = (typeof STRATEGIES)[number];

/** A way to keep one access token fresh from several processes. Times are milliseconds. */
export interface StrategyOptions {
  readonly pool: Pool;
  /** How long it waits for the provider's answer. */
  readonly timeoutMs: number;
  /** How long a lease holds; only one of them has leases. */
  readonly leaseMs: number;
}

/**
 * An access token of the account that lives at least so long, refreshed where the stored one does not; whatever goes wrong is
 * thrown at the caller, who asks again.
 */
export type Strategy = (account: string, minTtlSeconds: number) => Promise<string>;
