import type { PoolClient } from 'pg';
import { lockAccount, readAccount, storeTokens } from './accounts.js';
import { refresh } from './exchange.js';
import { reach } from './moment.js';
import type { Strategy, StrategyOptions } from './strategy.js';

/** `SELECT … FOR UPDATE`: the row stays locked, and the transaction open, until the answer is stored. */
export function forUpdate({ pool, timeoutMs }: StrategyOptions): Strategy {
  return async (id, minTtlSeconds) => {
    const seen = await readAccount(pool, id);
    if (seen.secondsLeft >= minTtlSeconds) {
      return seen.accessToken;
    }
    const client = await pool.connect();
    try {
      return await refreshLocked(client, id, minTtlSeconds, timeoutMs);
    } finally {
      // Closed rather than given back: whatever is left of the transaction ends with it.
      client.release(true);
    }
  };
}

async function refreshLocked(
  client: PoolClient,
  id: string,
  minTtlSeconds: number,
  timeoutMs: number,
): Promise<string> {
  // Without a listener, a connection that is cut while the provider is asked would end the process.
  client.on('error', () => undefined);
  await client.query('begin');
  const account = await lockAccount(client, id);
  if (account.secondsLeft >= minTtlSeconds) {
    return account.accessToken;
  }
  reach('before_send');
  const tokens = await refresh(account, timeoutMs);
  reach('before_store');
  await storeTokens(client, id, tokens);
  await client.query('commit');
  return tokens.accessToken;
}
