import { verify } from 'node:crypto';
import type { Asked } from '../exchange/asked.js';
import type { Presented } from '../exchange/presented.js';
import type { Quirks } from './quirks.js';

interface Assertion {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signed: string;
  readonly signature: Buffer;
}

/** A request of Monetate is a JWT that the API user signs: `username` names the account, the signature proves the key. */
export const monetate: Quirks = {
  identify: (presented): Presented => {
    const username = assertionOf(presented)?.claims['username'];
    return typeof username === 'string' ? { username } : {};
  },
  conditions: {
    assertion_bad_alg: (asked) => {
      const algorithms = asked.exchange.request.assertion?.algorithms ?? [];
      return !algorithms.includes(String(assertionIn(asked)?.header['alg']));
    },
    assertion_bad_signature: (asked) => !isSigned(asked),
    assertion_missing_claim: (asked, claim = '') => assertionIn(asked)?.claims[claim] === undefined,
    assertion_iat_skew_gt: (asked, seconds) => {
      const iat = assertionIn(asked)?.claims['iat'];
      return typeof iat !== 'number' || Math.abs(asked.now() / 1000 - iat) > Number(seconds);
    },
  },
};

const assertionIn = ({ presented }: Asked): Assertion | undefined => assertionOf(presented);

function assertionOf({ signed_jwt }: Presented): Assertion | undefined {
  const parts = signed_jwt?.split('.') ?? [];
  const [header, claims, signature] = parts;
  if (parts.length !== 3 || header === undefined || claims === undefined || signature === undefined) {
    return undefined;
  }
  try {
    return {
      header: objectIn(header),
      claims: objectIn(claims),
      signed: `${header}.${claims}`,
      signature: Buffer.from(signature, 'base64url'),
    };
  } catch {
    return undefined;
  }
}

function objectIn(part: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  return { ...(value as Record<string, unknown>) };
}

function isSigned(asked: Asked): boolean {
  const assertion = assertionIn(asked);
  const privateKey = asked.credential?.fields['private_key'];
  if (!assertion || privateKey === undefined) {
    return false;
  }
  const bits = String(assertion.header['alg']).slice(2);
  const key = asked.store.keys.publicKeyOf(privateKey);
  return verify(`RSA-SHA${bits}`, Buffer.from(assertion.signed), key, assertion.signature);
}
