import { setTimeout as sleep } from 'node:timers/promises';
import { freeLease, readAccount, storeUnderFence, takeLease } from './accounts.js';
import { refresh } from './exchange.js';
import { reach } from './moment.js';
import type { Strategy, StrategyOptions } from './strategy.js';

const LOOK_AGAIN_MS = 50;

/**
 * A lease with a fencing token: whoever takes it gets a higher number, and a result is stored only under the number that is
 * still the highest. A holder whose lease ran out finds its result refused.
 */
export function fencedLease(options: StrategyOptions): Strategy {
  const { pool, leaseMs } = options;
  return async (id, minTtlSeconds) => {
    for (;;) {
      const { secondsLeft, accessToken } = await readAccount(pool, id);
      if (secondsLeft >= minTtlSeconds) {
        return accessToken;
      }
      const fence = await takeLease(pool, id, leaseMs);
      if (fence !== undefined) {
        return await refreshLeased(options, id, fence, minTtlSeconds);
      }
      await sleep(LOOK_AGAIN_MS);
    }
  };
}

async function refreshLeased(
  { pool, timeoutMs }: StrategyOptions,
  id: string,
  fence: string,
  minTtlSeconds: number,
): Promise<string> {
  try {
    const account = await readAccount(pool, id);
    if (account.secondsLeft >= minTtlSeconds) {
      await freeLease(pool, id, fence);
      return account.accessToken;
    }
    reach('before_send');
    const tokens = await refresh(account, timeoutMs);
    reach('before_store');
    if (await storeUnderFence(pool, id, fence, tokens)) {
      return tokens.accessToken;
    }
  } catch (error) {
    await freeLease(pool, id, fence).catch(() => undefined);
    throw error;
  }
  throw new Error('The lease ran out before the answer could be stored.');
}
