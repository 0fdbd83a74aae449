/** What a token that is a JWT says of its own life, in epoch seconds. Its signature is the business of whoever uses it. */
export interface JwtLife {
  readonly expiresAt: number;
  readonly issuedAt: number | undefined;
}

/** Three parts, the last of which may be empty (RFC 7515, 7.1). */
const COMPACT = /^[^.]+\.([^.]+)\.[^.]*$/;

/** As they were sent. */
type Claims = Readonly<Record<'exp' | 'iat', unknown>>;

/** The life that a token states, or undefined where it is no JWT or states none (RFC 7519, 4.1.4 and 4.1.6). */
export function jwtLifeOf(token: string): JwtLife | undefined {
  // Most tokens are none: an error for each of them costs more than all the rest of reading its answer.
  const [, claims] = COMPACT.exec(token) ?? [];
  if (claims === undefined) {
    return undefined;
  }
  try {
    const { exp, iat } = Object(JSON.parse(Buffer.from(claims, 'base64url').toString())) as Partial<Claims>;
    return isFiniteNumber(exp) ? { expiresAt: exp, issuedAt: isFiniteNumber(iat) ? iat : undefined } : undefined;
  } catch {
    return undefined;
  }
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
