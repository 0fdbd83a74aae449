import type { SealedConnection } from '@app/connections';

/** Where nobody says when an unused refresh token dies, it is kept alive so often. */
const KEEP_ALIVE_MS = 7 * 86_400_000;
/** Of the stated idle time this much may pass. */
const KEEP_ALIVE_SHARE = 0.5;
/** Use is noted every few seconds; the life of a shorter token says nothing. */
const SHORTEST_JUDGED_SECONDS = 120;

/**
 * When an idle connection is renewed all the same; undefined where it is renewed as usual: it is in use, or not `strict`, or would lapse
 * with its token. Idle: no caller in the whole life of its token (architecture.md, "Recovery"). Epoch ms.
 */
export function keepAliveAt({ traits, token, lastUsedAt }: SealedConnection): number | undefined {
  if (traits.rotation !== 'strict' || traits.rolling !== 'none') {
    return undefined;
  }
  if (token === null || (token.lifetimeSeconds ?? 0) < SHORTEST_JUDGED_SECONDS) {
    return undefined;
  }
  if (lastUsedAt !== null && lastUsedAt >= token.issuedAt) {
    return undefined;
  }
  const idleMs = traits.idleSeconds === undefined ? KEEP_ALIVE_MS : traits.idleSeconds * 1000 * KEEP_ALIVE_SHARE;
  return token.issuedAt + idleMs;
}
