import { createHmac, randomBytes, sign } from 'node:crypto';
import type { TokenSpec } from '../contract/answers-file.js';
import type { SigningKeys } from './signing-keys.js';

const OPAQUE_BYTES = 32;

/** What a token says. Times are epoch seconds; `exp` null lives for ever. */
export interface TokenClaims {
  readonly sub: string;
  readonly iat: number;
  readonly exp: number | null;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const random = (bytes: number): string => randomBytes(bytes).toString('base64url');

const HEADERS = {
  'jwt-hs256': encode({ alg: 'HS256', typ: 'JWT' }),
  'jwt-es256': encode({ alg: 'ES256', typ: 'JWT' }),
} as const;

/** A new token in the provider's format. No two are alike. */
export function mint(spec: TokenSpec, claims: TokenClaims, keys: SigningKeys): string {
  if (spec.format === 'opaque') {
    const parts = spec.parts ?? [OPAQUE_BYTES];
    return parts.map((part) => (typeof part === 'number' ? random(part) : part)).join('.');
  }
  const { sub, iat, exp } = claims;
  const payload = encode({ ...spec.claims, sub, iat, ...(exp === null ? {} : { exp }), jti: random(12) });
  const signed = `${HEADERS[spec.format]}.${payload}`;
  return `${signed}.${signatureOf(spec.format, signed, keys)}`;
}

function signatureOf(format: 'jwt-hs256' | 'jwt-es256', text: string, keys: SigningKeys): string {
  if (format === 'jwt-hs256') {
    return createHmac('sha256', keys.hs256).update(text).digest('base64url');
  }
  // RFC 7518, 3.4: R and S side by side, not the DER that OpenSSL gives by default.
  return sign('sha256', Buffer.from(text), { key: keys.es256, dsaEncoding: 'ieee-p1363' }).toString('base64url');
}
