import { Agent, fetch } from 'undici';
import type { Account, Tokens } from './accounts.js';

/** No connection is used twice: what is compared are the strategies, not their HTTP clients. */
const dispatcher = new Agent({ pipelining: 0 });

/**
 * Asks the provider for new tokens, once (RFC 6749 section 6).
 * @throws Error for any other answer than tokens, and for none within `timeoutMs`.
 */
export async function refresh(account: Account, timeoutMs: number): Promise<Tokens> {
  const response = await fetch(account.tokenUrl, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${account.clientId}:${account.clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: account.refreshToken }),
    signal: AbortSignal.timeout(timeoutMs),
    dispatcher,
  });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`The provider answered ${response.status}: ${text.slice(0, 200)}`);
  }
  const body = JSON.parse(text) as { access_token: string; refresh_token?: string; expires_in: number };
  return { accessToken: body.access_token, refreshToken: body.refresh_token, expiresIn: body.expires_in };
}
