import { numberOf } from './json.js';
import { type JwtLife, jwtLifeOf } from './jwt-lifetime.js';

/** What an answer says of its token's life, as it stands there. */
export interface StatedExpiry {
  /** Seconds, as a number or numeric string. */
  readonly expiresIn: unknown;
  /** Epoch seconds, whole or not. */
  readonly expiresAt: unknown;
}

/** How long a token lives. */
export interface Expiry {
  /** Whole seconds from the answer on; null where nothing tells. */
  readonly seconds: number | null;
  /** True where what was stated is nonsense and was replaced (refresh.md, rule 10). */
  readonly clamped: boolean;
}

/** For a life that is stated as zero, negative or no number: soon enough to look again, late enough not to storm. */
const SHORTEST_SECONDS = 60;
const LONGEST_SECONDS = 365 * 86_400;

/**
 * How long a token lives, from what the answer states and, where it is a JWT, from the token itself. In this order:
 * the stated seconds, capped by the JWT's `exp − iat`; `exp − iat`; the stated moment; the JWT's `exp`.
 * @param now epoch milliseconds.
 */
export function readExpiry(stated: StatedExpiry, token: string, now: number): Expiry {
  const life = jwtLifeOf(token);
  const whole = wholeLifeOf(life);
  const seconds = numberOf(stated.expiresIn);
  if (seconds !== undefined) {
    const clamped = clamp(seconds);
    return whole === undefined || clamped.seconds === null || clamped.seconds <= whole
      ? clamped
      : { ...clamped, seconds: whole };
  }
  if (whole !== undefined) {
    return clamp(whole);
  }
  const moment = numberOf(stated.expiresAt) ?? life?.expiresAt;
  return moment === undefined ? { seconds: null, clamped: false } : clamp(moment - now / 1000);
}

/** The JWT's life from issue to expiry; independent of any clock of ours. Undefined where it states none that makes sense. */
function wholeLifeOf(life: JwtLife | undefined): number | undefined {
  if (life?.issuedAt === undefined) {
    return undefined;
  }
  const seconds = Math.floor(life.expiresAt - life.issuedAt);
  return seconds > 0 ? seconds : undefined;
}

function clamp(seconds: number): Expiry {
  if (seconds > LONGEST_SECONDS) {
    return { seconds: LONGEST_SECONDS, clamped: true };
  }
  return seconds >= 1 ? { seconds: Math.floor(seconds), clamped: false } : { seconds: SHORTEST_SECONDS, clamped: true };
}
