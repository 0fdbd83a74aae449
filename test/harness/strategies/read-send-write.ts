import { readAccount, storeTokens } from './accounts.js';
import { refresh } from './exchange.js';
import { reach } from './moment.js';
import type { Strategy, StrategyOptions } from './strategy.js';

/** No coordination: whoever sees a token that ends soon refreshes it and writes down what came back. */
export function readSendWrite({ pool, timeoutMs }: StrategyOptions): Strategy {
  return async (id, minTtlSeconds) => {
    const account = await readAccount(pool, id);
    if (account.secondsLeft >= minTtlSeconds) {
      return account.accessToken;
    }
    reach('before_send');
    const tokens = await refresh(account, timeoutMs);
    reach('before_store');
    await storeTokens(pool, id, tokens);
    return tokens.accessToken;
  };
}
