import type { SealedConnection, Unsettled } from '@app/connections';
import { canRelogin, nextStep, type Provider, type Step } from '@app/providers';
import { lives } from './freshness.js';

/** Of a provider's grace only so much is relied on: clocks differ and are set back, and a repeat takes its time. */
const GRACE_SHARE = 0.8;
const GRACE_RESERVE_MS = 6000;
/** The last try is made when the old token has less than this left: all that a wrong one costs then. */
const LAST_CHANCE_MS = 60_000;
const LAST_CHANCE_SHARE = 0.05;

/** State reason of connections whose stored credential may be older than the provider's. */
export const DATABASE_RESTORED = 'database_restored';

/** What may be done for a connection now. */
export type Decision =
  | { readonly kind: 'attempt'; readonly step: Step }
  /** Somebody's attempt is under way: look at the row until it changes. */
  | { readonly kind: 'watch' }
  /** An outcome is not known, and nothing may be sent before this moment; epoch ms. */
  | { readonly kind: 'wait'; readonly until: number }
  /** Nothing is sent until an operator decides. */
  | { readonly kind: 'quarantined' };

const attempt = (step: Step): Decision => ({ kind: 'attempt', step });

/**
 * The next thing to do, by looking at what was sent and not by repeating it (architecture.md, "Recovery"). Whoever acts on it must
 * find the fence as it was here.
 * @param now epoch ms of the database's clock.
 */
export function decide(connection: SealedConnection, provider: Provider, now: number, zombieMs: number): Decision {
  if (connection.leased) {
    return { kind: 'watch' };
  }
  const tokenLives = connection.token === null ? null : lives(connection.token, now);
  const rejected = connection.nextStep === 'relogin';
  // Where no step can be made, the attempt itself says so: it ends as misconfigured, is recorded and stops the retries.
  const planned = nextStep(provider, connection, { tokenLives, rejected }) ?? 'refresh';
  if (planned === 'relogin' || connection.traits.rotation === 'static') {
    return attempt(planned);
  }
  const relogin = tokenLives !== true && canRelogin(provider, connection);
  if (isQuarantined(connection)) {
    return leaveQuarantine(connection, relogin);
  }
  return connection.unsettled === null
    ? attempt('refresh')
    : recover(connection, connection.unsettled, relogin, now, zombieMs);
}

/** True where the database was restored and nobody has vouched for this credential since. */
export const isQuarantined = ({ state, trouble }: SealedConnection): boolean =>
  state === 'uncertain' && trouble?.reason === DATABASE_RESTORED;

function leaveQuarantine({ traits }: SealedConnection, relogin: boolean): Decision {
  if (relogin) {
    return attempt('relogin');
  }
  return traits.introspection ? attempt('introspect') : { kind: 'quarantined' };
}

/** A refresh of this generation was sent, and nobody knows what became of it. */
function recover(
  connection: SealedConnection,
  { firstSentAt, lastSentAt, unusedAt, askedInVainAt }: Unsettled,
  relogin: boolean,
  now: number,
  zombieMs: number,
): Decision {
  const { traits } = connection;
  if (traits.rotation === 'grace' && now - firstSentAt < reliableGraceMs(traits.graceSeconds ?? 0)) {
    return attempt('refresh');
  }
  if (now < lastSentAt + zombieMs) {
    return { kind: 'wait', until: lastSentAt + zombieMs };
  }
  if (unusedAt !== null && unusedAt > lastSentAt) {
    return attempt('refresh');
  }
  if (relogin) {
    return attempt('relogin');
  }
  const lastChance = lastChanceOf(connection, now);
  const mayAsk = traits.introspection && (now < lastChance || askedInVainAt === null || askedInVainAt <= lastSentAt);
  if (mayAsk) {
    return attempt('introspect');
  }
  return now < lastChance ? { kind: 'wait', until: lastChance } : attempt('refresh');
}

function reliableGraceMs(graceSeconds: number): number {
  const graceMs = graceSeconds * 1000;
  return Math.min(graceMs * GRACE_SHARE, graceMs - GRACE_RESERVE_MS);
}

/** When the old token is worth so little that a wrong try costs next to nothing. */
function lastChanceOf({ token }: SealedConnection, now: number): number {
  if (token === null) {
    return now;
  }
  const life = (token.lifetimeSeconds ?? 0) * 1000;
  return token.expiresAt - Math.max(LAST_CHANCE_MS, life * LAST_CHANCE_SHARE);
}
