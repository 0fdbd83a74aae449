import { numberOf, textOf } from './json.js';
import { type JwtLife, jwtLifeOf } from './jwt-lifetime.js';

/** What an answer says of its token's life, as it stands there. */
export interface StatedExpiry {
  readonly expiresIn: unknown;
  readonly expiresAt: unknown;
}

/** How a provider writes lifetimes and moments. */
export interface ExpiryForms {
  /** Seconds where there is none; a number or numeric string in any case. */
  readonly expiresInUnit?: 'seconds' | 'milliseconds';
  /** Epoch seconds, whole or not, where there is none. */
  readonly expiresAtFormat?: 'epoch' | 'epoch_ms' | 'iso';
  /** Whether a stated lifetime of zero says nothing; else it is nonsense and clamped. */
  readonly zeroSaysNothing?: boolean;
}

/** How long a token lives. */
export interface Expiry {
  /** Whole seconds from the answer on; null where nothing tells. */
  readonly seconds: number | null;
  /** True where what was stated is nonsense and was replaced (providers.md, "What holds for all"). */
  readonly clamped: boolean;
}

/** For a life that is stated as zero, negative or no number: soon enough to look again, late enough not to storm. */
const SHORTEST_SECONDS = 60;
const LONGEST_SECONDS = 365 * 86_400;
/** RFC 3339, also with a blank for the T and without an offset, which then is UTC. */
const ISO = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2}(?:\.\d+)?)([Zz]|[+-]\d{2}:?\d{2})?$/;

/**
 * How long a token lives, from what the answer states and, where it is a JWT, from the token itself. In this order:
 * the stated seconds, capped by the JWT's `exp − iat`; `exp − iat`; the stated moment; the JWT's `exp`.
 * @param now epoch milliseconds.
 */
export function readExpiry(stated: StatedExpiry, token: string, now: number, forms: ExpiryForms = {}): Expiry {
  const life = jwtLifeOf(token);
  const whole = wholeLifeOf(life);
  const seconds = secondsOf(stated.expiresIn, forms);
  if (seconds !== undefined) {
    const clamped = clamp(seconds);
    return whole === undefined || clamped.seconds === null || clamped.seconds <= whole
      ? clamped
      : { ...clamped, seconds: whole };
  }
  if (whole !== undefined) {
    return clamp(whole);
  }
  const moment = momentOf(stated.expiresAt, forms) ?? life?.expiresAt;
  return moment === undefined ? { seconds: null, clamped: false } : clamp(moment - now / 1000);
}

/** A stated lifetime in seconds; undefined where none is stated, NaN where what is stated is no number. */
export function secondsOf(stated: unknown, { expiresInUnit, zeroSaysNothing }: ExpiryForms): number | undefined {
  const number = numberOf(stated);
  if (number === undefined || (number === 0 && zeroSaysNothing === true)) {
    return undefined;
  }
  return expiresInUnit === 'milliseconds' ? number / 1000 : number;
}

/** A stated moment in epoch seconds; undefined where none is stated, NaN where what is stated is no moment. */
function momentOf(stated: unknown, { expiresAtFormat, zeroSaysNothing }: ExpiryForms): number | undefined {
  if (expiresAtFormat === 'iso' && stated !== undefined && stated !== null) {
    const [, date, time, offset = 'Z'] = ISO.exec(textOf(stated)?.trim() ?? '') ?? [];
    return Date.parse(`${date}T${time}${offset.toUpperCase()}`) / 1000;
  }
  const number = numberOf(stated);
  if (number === 0 && zeroSaysNothing === true) {
    return undefined;
  }
  return expiresAtFormat === 'epoch_ms' && number !== undefined ? number / 1000 : number;
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
