import type { Log } from '@app/common';
import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose';
import { IssuerKeys } from '../issuer-keys.js';
import type { IssuerWithKeys } from '../token.verifier.js';
import type { TokenAlgorithm } from '../trusted-issuer.js';

const ignore = (): void => undefined;
/** A Log that says nothing. */
export const silent: Log = { error: ignore, warn: ignore, info: ignore, debug: ignore };

/** The time of the tests, epoch milliseconds. */
export const NOW = 1_800_000_000_000;
/** The same in seconds, as tokens say it. */
export const NOW_SECONDS = NOW / 1000;
export const ISSUER = 'https://issuer.example';
export const AUDIENCE = 'claviger';
export const SUBJECT = 'system:serviceaccount:prod:billing';

/** What a good token claims, good for ten minutes. */
export const CLAIMS = { iss: ISSUER, aud: AUDIENCE, sub: SUBJECT, iat: NOW_SECONDS, exp: NOW_SECONDS + 600 };

/** A key pair of an issuer. */
export interface IssuerKey {
  readonly jwk: JSONWebKeySet['keys'][number];
  readonly privateKey: CryptoKey;
  sign(claims?: JWTPayload, header?: Partial<JWTHeaderParameters>): Promise<string>;
}

/** A fresh key pair that signs with `alg` under the id `kid`. */
export async function newIssuerKey(alg: TokenAlgorithm = 'ES256', kid: string = alg): Promise<IssuerKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
    privateKey,
    sign: (claims = CLAIMS, header = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg, kid, ...header }).sign(privateKey),
  };
}

/** An issuer whose keys are what `keys` answers. */
export const newIssuer = (
  keys: () => Promise<readonly IssuerKey[]>,
  now: () => number = () => 0,
  log: Log = silent,
): IssuerWithKeys & { readonly keys: IssuerKeys } => ({
  alias: 'prod',
  issuer: ISSUER,
  audience: AUDIENCE,
  algorithms: ['EdDSA', 'ES256', 'RS256'],
  keys: new IssuerKeys(async () => ({ keys: (await keys()).map(({ jwk }) => jwk) }), log, 'prod', now),
});
