import { type Connection, type HeldToken, HOST_UNCONFIRMED, type TokenTimes } from '@app/connections';
import { SAFETY_MS } from './lifetime.js';
import type { TokenRequest, Warning } from './token-request.js';

/** A token younger than this is as fresh as the provider makes them: asking again would not give a longer one. */
const FRESH_FOR_MS = 30_000;

/** A connection that holds a token. */
export interface WithToken extends Connection {
  readonly token: HeldToken;
}

/** True while a token has not expired. */
export const lives = ({ expiresAt }: TokenTimes, now: number): boolean => expiresAt > now;

/** True while the held token, if any, has not expired. */
export const holdsLiveToken = (connection: Connection, now: number): connection is WithToken =>
  connection.token !== null && lives(connection.token, now);

/** True where the token lives at least so many seconds from now. */
export const outlives = (token: HeldToken, seconds: number, now: number): boolean =>
  token.expiresAt - now >= seconds * 1000;

/**
 * True where the held token answers the request without asking the provider: it lives long enough, or no token of this
 * provider would and this one is not due for renewal yet (http.md, `min_ttl`). Of a token that an operator brought nobody knows
 * whether the provider would issue one that lives longer: it is asked.
 */
export function answers(connection: Connection, request: TokenRequest, now: number): connection is WithToken {
  if (!holdsLiveToken(connection, now) || request.rejectedGeneration === connection.generation) {
    return false;
  }
  const { token, refreshAt } = connection;
  if (outlives(token, request.minTtlSeconds, now)) {
    return true;
  }
  if (token.lifetimeSeconds === null) {
    return false;
  }
  const unsatisfiable = token.lifetimeSeconds * 1000 - SAFETY_MS < request.minTtlSeconds * 1000;
  return (unsatisfiable && (refreshAt === null || refreshAt > now)) || now - token.issuedAt < FRESH_FOR_MS;
}

/** What the caller should know of the token that it gets. */
export function warningsOf(connection: WithToken, request: TokenRequest, now: number): Warning[] {
  const { token } = connection;
  const left = Math.max(0, Math.floor((token.expiresAt - now) / 1000));
  const warnings: Warning[] = [];
  if (!outlives(token, request.minTtlSeconds, now)) {
    const detail = `The token lives ${left} s, less than the ${request.minTtlSeconds} s asked for; the provider issues none that lives longer, or cannot be asked now.`;
    warnings.push({ code: 'min_ttl_unsatisfied', detail });
  }
  if (connection.state === 'uncertain') {
    const detail = 'The outcome of the last renewal is not known. The token is good; ask again before it expires.';
    warnings.push({ code: 'outcome_unknown', detail });
  }
  const stopped = connection.trouble?.reason === HOST_UNCONFIRMED ? connection.trouble : null;
  if (connection.consecutiveFailures > 0 || stopped !== null) {
    const { reason } = stopped ?? connection.lastTrouble ?? { reason: 'unknown' };
    const detail = `The token is good, but its renewal fails (${reason}): tell whoever operates the connection.`;
    warnings.push({ code: 'refresh_failing', detail });
  }
  return warnings;
}
