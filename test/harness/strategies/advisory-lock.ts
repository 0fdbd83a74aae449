import type { PoolClient } from 'pg';
import { readAccount, storeTokens } from './accounts.js';
import { refresh } from './exchange.js';
import { reach } from './moment.js';
import type { Strategy, StrategyOptions } from './strategy.js';

/** `pg_advisory_lock`: one session at a time, without an open transaction; looks again once it has the lock. */
export function advisoryLock({ pool, timeoutMs }: StrategyOptions): Strategy {
  return async (id, minTtlSeconds) => {
    const seen = await readAccount(pool, id);
    if (seen.secondsLeft >= minTtlSeconds) {
      return seen.accessToken;
    }
    const client = await pool.connect();
    try {
      return await refreshLocked(client, id, minTtlSeconds, timeoutMs);
    } finally {
      // Closed rather than given back: the session's lock ends with it, whatever happened.
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
  await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [id]);
  const account = await readAccount(client, id);
  if (account.secondsLeft >= minTtlSeconds) {
    return account.accessToken;
  }
  reach('before_send');
  const tokens = await refresh(account, timeoutMs);
  reach('before_store');
  await storeTokens(client, id, tokens);
  return tokens.accessToken;
}
