import { atMost, type Clock } from '@app/common';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { LRUCache } from 'lru-cache';
import { createHash } from 'node:crypto';
import { AuthenticationError } from '../authentication.error.js';
import { SUBJECT_PATTERN } from './identity.js';
import type { IssuerKeys } from './issuer-keys.js';
import { proved, type ProvedIdentity } from './proved-identity.js';
import { tokenRefusal } from './token-refusal.js';
import type { TrustedIssuer } from './trusted-issuer.js';

/** A signed token in its compact form (RFC 7519): three parts, so that it has one signature and is not encrypted. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const LONGEST_TOKEN = 6144;
const MOST_VERIFIED = 10_000;
const CLOCK_TOLERANCE_SECONDS = 30;

/** An issuer with its keys. */
export interface IssuerWithKeys extends Pick<TrustedIssuer, 'alias' | 'issuer' | 'audience' | 'algorithms'> {
  readonly keys: Pick<IssuerKeys, 'find' | 'refresh' | 'vouchFor'>;
}

interface Proof {
  readonly payload: JWTPayload;
  /** Of the keys that the token's own was found among. */
  readonly keysVersion: number;
}

interface Verified extends Pick<Proof, 'keysVersion'> {
  readonly identity: ProvedIdentity;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly issuer: IssuerWithKeys;
}

/**
 * Token → the identity that it proves. Issuer, audience and algorithms are those of the configuration; what the token's header says
 * of keys (`jku`, `x5u`, `jwk`) is not looked at. A token that was verified is remembered, as its hash, until it ends, the keys
 * of its issuer change, or they are so old that the issuer must be asked first.
 */
export class TokenVerifier {
  readonly #issuers: ReadonlyMap<string, IssuerWithKeys>;
  readonly #verified = new LRUCache<string, Verified>(atMost(MOST_VERIFIED));

  constructor(
    issuers: readonly IssuerWithKeys[],
    private readonly clock: Clock,
  ) {
    this.#issuers = new Map(issuers.map((issuer) => [issuer.issuer, issuer]));
  }

  /** Throws an AuthenticationError for whatever is not a good token of a trusted issuer. */
  async verify(token: string): Promise<ProvedIdentity> {
    if (token.length > LONGEST_TOKEN || !COMPACT.test(token)) {
      throw new AuthenticationError('malformed_token');
    }
    const digest = createHash('sha256').update(token).digest('base64');
    const known = this.#verified.get(digest);
    if (known !== undefined && this.clock.now() < known.expiresAt && known.issuer.keys.vouchFor(known.keysVersion)) {
      return known.identity;
    }
    try {
      const verified = await this.#check(token);
      this.#verified.set(digest, verified);
      return verified.identity;
    } catch (error) {
      this.#verified.delete(digest);
      throw tokenRefusal(error);
    }
  }

  /** Has the keys of every issuer fetched before they are needed. Never rejects. */
  async prepare(): Promise<void> {
    await Promise.all([...this.#issuers.values()].map(({ keys }) => keys.refresh()));
  }

  async #check(token: string): Promise<Verified> {
    const { decodeJwt } = await import('jose');
    const issuer = this.#issuers.get(decodeJwt(token).iss ?? '');
    if (issuer === undefined) {
      throw new AuthenticationError('unknown_issuer');
    }
    const { payload, keysVersion } = await this.#proveBy(issuer, token);
    const { sub: subject, exp: expiresAt } = payload;
    if (typeof subject !== 'string' || !SUBJECT_PATTERN.test(subject) || expiresAt === undefined) {
      throw new AuthenticationError('unusable_claims');
    }
    return {
      identity: proved({ issuer: issuer.issuer, subject }, `jwt:${issuer.alias}`),
      expiresAt: expiresAt * 1000,
      issuer,
      keysVersion,
    };
  }

  /** The claims, and the version of the keys that proved them: others may have come before the signature was verified. */
  async #proveBy({ keys, issuer, audience, algorithms }: IssuerWithKeys, token: string): Promise<Proof> {
    const { jwtVerify } = await import('jose');
    let keysVersion = Number.NaN;
    const keyOf: JWTVerifyGetKey = async (header, signed) => {
      const { key, version } = await keys.find(header, signed);
      keysVersion = version;
      return key;
    };
    const { payload } = await jwtVerify(token, keyOf, {
      issuer,
      audience,
      algorithms: [...algorithms],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(this.clock.now()),
      requiredClaims: ['exp', 'sub'],
    });
    return { payload, keysVersion };
  }
}
