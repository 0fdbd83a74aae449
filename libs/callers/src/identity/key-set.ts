import type { JSONWebKeySet, JWK } from 'jose';

const MOST_KEYS = 100;
/** Kinds of keys that our algorithms use: none of them is a shared secret. */
const KINDS: ReadonlySet<unknown> = new Set(['RSA', 'EC', 'OKP']);

/**
 * The public signing keys of a JSON Web Key Set (RFC 7517); others of its keys are left out. Throws an Error that says why
 * where it has none, and never quotes it.
 */
export function parseKeySet(value: unknown): JSONWebKeySet {
  const { keys } = Object(value) as { readonly keys?: unknown };
  if (!Array.isArray(keys) || keys.length > MOST_KEYS) {
    throw new KeySetError(`must be a JSON Web Key Set, { "keys": [ … ] }, of at most ${MOST_KEYS} keys`);
  }
  const signing = (keys as readonly unknown[]).filter(isSigningKey);
  if (signing.some((key) => 'd' in key)) {
    throw new KeySetError('holds a private key: only the issuer may have that');
  }
  if (signing.length === 0) {
    throw new KeySetError('holds no signing key of the kinds RSA, EC or OKP');
  }
  return { keys: signing };
}

/** Why something is no key set that can be used. */
export class KeySetError extends Error {
  override readonly name = 'KeySetError';
}

const isSigningKey = (value: unknown): value is JWK => {
  const { kty, use = 'sig' } = Object(value) as { readonly kty?: unknown; readonly use?: unknown };
  return KINDS.has(kty) && use === 'sig';
};
