import { beforeAll, describe, expect, it } from '@jest/globals';
import { base64url, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { createPublicKey, createSecretKey, KeyObject, sign } from 'node:crypto';
import {
  CLAIMS,
  type IssuerKey,
  ISSUER,
  newIssuer,
  newIssuerKey,
  NOW,
  NOW_SECONDS,
  SUBJECT,
} from './testing/token-issuer.js';
import { TokenVerifier } from './token.verifier.js';
import type { TokenAlgorithm } from './trusted-issuer.js';

const part = (value: object | string): string =>
  base64url.encode(typeof value === 'string' ? value : JSON.stringify(value));

const withSecret = (secret: string | Buffer): Promise<string> =>
  new SignJWT(CLAIMS).setProtectedHeader({ alg: 'HS256', kid: 'RS256' }).sign(createSecretKey(Buffer.from(secret)));

const withPublicKeyAsSecret = ({ jwk }: IssuerKey): Promise<string> =>
  withSecret(createPublicKey({ key: jwk, format: 'jwk' } as never).export({ type: 'spki', format: 'pem' }));

const signedWith = async (alg: string): Promise<string> =>
  new SignJWT(CLAIMS).setProtectedHeader({ alg, kid: 'RS256' }).sign((await generateKeyPair(alg)).privateKey);

describe(TokenVerifier.name, () => {
  const keys = {} as Record<TokenAlgorithm, IssuerKey>;
  let stranger: IssuerKey;
  let good: string;

  beforeAll(async () => {
    for (const alg of ['EdDSA', 'ES256', 'RS256'] as const) {
      keys[alg] = await newIssuerKey(alg);
    }
    stranger = await newIssuerKey('ES256');
    good = await keys.ES256.sign();
  });

  const newVerifier = (now = () => NOW): TokenVerifier =>
    new TokenVerifier([newIssuer(async () => Object.values(keys))], { now });

  const reasonOf = (token: string, sut = newVerifier()): Promise<unknown> =>
    sut.verify(token).then(
      () => 'accepted',
      (error: { code?: unknown; reason?: unknown }) => (error.code === 'unauthenticated' ? error.reason : error),
    );

  it.each(['EdDSA', 'ES256', 'RS256'] as const)('should accept a token signed with %s', async (alg) => {
    await expect(newVerifier().verify(await keys[alg].sign())).resolves.toEqual({
      issuer: ISSUER,
      subject: SUBJECT,
      keyId: `jwt:prod:${SUBJECT}`,
    });
  });

  it('should accept one of several audiences, and half a minute of clocks that disagree', async () => {
    const late = { ...CLAIMS, aud: ['other', 'claviger'], nbf: NOW_SECONDS + 29, exp: NOW_SECONDS + 40 };
    expect(await reasonOf(await keys.ES256.sign(late))).toBe('accepted');
    expect(await reasonOf(await keys.ES256.sign({ ...CLAIMS, exp: NOW_SECONDS - 29 }))).toBe('accepted');
  });

  it('should not follow what a header says of keys', async () => {
    const elsewhere = { jku: 'https://evil.example/jwks', x5u: 'https://evil.example/x5u', jwk: stranger.jwk };
    expect(await reasonOf(await keys.ES256.sign(CLAIMS, elsewhere))).toBe('accepted');
    expect(await reasonOf(await stranger.sign(CLAIMS, elsewhere))).toBe('wrong_signature');
  });

  /** Every token that somebody might try, and the reason that the audit log gives. */
  const HOSTILE: readonly (readonly [string, string, () => string | Promise<string>])[] = [
    ['alg none', 'malformed_token', () => new UnsecuredJWT(CLAIMS).encode()],
    ['alg none with a signature', 'wrong_algorithm', () => `${part({ alg: 'none' })}.${part(CLAIMS)}.${part('x')}`],
    ['alg None', 'wrong_algorithm', () => `${part({ alg: 'None' })}.${part(CLAIMS)}.${part('x')}`],
    ['HS256 with the public key as its secret', 'wrong_algorithm', () => withPublicKeyAsSecret(keys.RS256)],
    ['HS256 with the public JWK as its secret', 'wrong_algorithm', () => withSecret(JSON.stringify(keys.RS256.jwk))],
    ['an algorithm that is not pinned', 'wrong_algorithm', () => signedWith('PS256')],
    ['a key of another kind under a known id', 'unknown_signing_key', () => keys.ES256.sign(CLAIMS, { kid: 'RS256' })],
    ['a key of a stranger under a known id', 'wrong_signature', () => stranger.sign()],
    ['a kid that nobody knows', 'unknown_signing_key', () => keys.ES256.sign(CLAIMS, { kid: 'unknown' })],
    ['a kid that is a path', 'unknown_signing_key', () => keys.ES256.sign(CLAIMS, { kid: '../../dev/null' })],
    ['an embedded key', 'wrong_signature', () => stranger.sign(CLAIMS, { jwk: stranger.jwk })],
    ['another audience', 'wrong_audience', () => keys.ES256.sign({ ...CLAIMS, aud: 'other' })],
    ['no audience', 'unusable_claims', () => keys.ES256.sign({ ...CLAIMS, aud: undefined })],
    ['another issuer', 'unknown_issuer', () => keys.ES256.sign({ ...CLAIMS, iss: 'https://evil.example' })],
    ['an issuer with a slash more', 'unknown_issuer', () => keys.ES256.sign({ ...CLAIMS, iss: `${ISSUER}/` })],
    ['no issuer', 'unknown_issuer', () => keys.ES256.sign({ ...CLAIMS, iss: undefined })],
    ['an end that has passed', 'token_expired', () => keys.ES256.sign({ ...CLAIMS, exp: NOW_SECONDS - 31 })],
    ['no end', 'unusable_claims', () => keys.ES256.sign({ ...CLAIMS, exp: undefined })],
    ['an end that is a text', 'unusable_claims', () => signRaw({ ...CLAIMS, exp: '2030-01-01' })],
    ['a beginning to come', 'token_not_yet_valid', () => keys.ES256.sign({ ...CLAIMS, nbf: NOW_SECONDS + 31 })],
    ['no subject', 'unusable_claims', () => keys.ES256.sign({ ...CLAIMS, sub: undefined })],
    ['an empty subject', 'unusable_claims', () => keys.ES256.sign({ ...CLAIMS, sub: '' })],
    ['a subject with a line break', 'unusable_claims', () => keys.ES256.sign({ ...CLAIMS, sub: 'a\nb' })],
    ['a subject of 513 characters', 'unusable_claims', () => keys.ES256.sign({ ...CLAIMS, sub: 'x'.repeat(513) })],
    ['a subject that is a list', 'unusable_claims', () => signRaw({ ...CLAIMS, sub: [SUBJECT] })],
    ['an extension that it calls critical', 'malformed_token', () => critical({ crit: ['exp'], exp: 1 })],
    ['an unencoded payload', 'malformed_token', () => critical({ crit: ['b64'], b64: false })],
    [
      'a changed payload',
      'wrong_signature',
      () => replaced(1, part({ ...CLAIMS, sub: 'system:serviceaccount:prod:x' })),
    ],
    ['a changed header', 'wrong_signature', () => replaced(0, part({ alg: 'ES256', kid: 'ES256', typ: 'x' }))],
    ['no signature', 'malformed_token', () => replaced(2, '')],
    ['a signature of zeros', 'wrong_signature', () => replaced(2, part('\0'.repeat(64)))],
    ['two signatures', 'malformed_token', () => `${good}.${good.split('.')[2]}`],
    [
      'two signatures in JSON',
      'malformed_token',
      () => JSON.stringify({ payload: good.split('.')[1], signatures: [{}, {}] }),
    ],
    [
      'five parts, encrypted',
      'malformed_token',
      () => `${part({ alg: 'dir', enc: 'A256GCM' })}..${part('iv')}.${part('c')}.x`,
    ],
    ['a payload that is no JSON', 'malformed_token', () => `${part({ alg: 'ES256' })}.${part('hello')}.x`],
    ['a payload that is a list', 'malformed_token', () => `${part({ alg: 'ES256' })}.${part([])}.x`],
    ['a header that is no JSON', 'malformed_token', () => `${part('hello')}.${part(CLAIMS)}.x`],
    ['too many characters', 'malformed_token', () => keys.ES256.sign({ ...CLAIMS, padding: 'x'.repeat(4700) })],
    ['blanks', 'malformed_token', () => ` ${good}`],
    ['nothing but dots', 'malformed_token', () => '..'],
  ];

  it.each(HOSTILE)('should refuse a token with %s: %s', async (_what, reason, make) => {
    expect(await reasonOf(await make())).toBe(reason);
  });

  it('should refuse every token where no issuer is trusted', async () => {
    expect(await reasonOf(good, new TokenVerifier([], { now: () => NOW }))).toBe('unknown_issuer');
  });

  it('should refuse the algorithms that an issuer is not trusted with', async () => {
    const sut = new TokenVerifier([{ ...newIssuer(async () => Object.values(keys)), algorithms: ['RS256'] }], {
      now: () => NOW,
    });
    expect(await reasonOf(good, sut)).toBe('wrong_algorithm');
    expect(await reasonOf(await keys.RS256.sign(), sut)).toBe('accepted');
  });

  it('should give no issuer the subjects of another', async () => {
    const other = { ...newIssuer(async () => [stranger]), issuer: 'https://other.example', alias: 'other' };
    const sut = new TokenVerifier([newIssuer(async () => [keys.ES256]), other], { now: () => NOW });
    expect(await reasonOf(await stranger.sign(), sut)).toBe('wrong_signature');
    await expect(sut.verify(await stranger.sign({ ...CLAIMS, iss: other.issuer }))).resolves.toMatchObject({
      issuer: other.issuer,
      keyId: `jwt:other:${SUBJECT}`,
    });
  });

  it('should name a long subject by its beginning and a digest', async () => {
    const sut = newVerifier();
    const [one, two] = [await sut.verify(await ofLongSubject('1')), await sut.verify(await ofLongSubject('2'))];
    expect(one.keyId).toMatch(/^jwt:prod:x{102}~[0-9a-f]{16}$/);
    expect(one.keyId).not.toBe(two.keyId);
  });

  const ofLongSubject = (end: string): Promise<string> =>
    keys.ES256.sign({ ...CLAIMS, sub: `${'x'.repeat(300)}${end}` });

  /** Claims that the builder of tokens would not take. */
  const signRaw = (claims: object): Promise<string> => keys.ES256.sign(claims as never);

  /** Signed with the right key, by somebody who knows the extension. */
  function critical(header: object): string {
    const signed = `${part({ alg: 'ES256', kid: 'ES256', ...header })}.${part(CLAIMS)}`;
    const key = { key: KeyObject.from(keys.ES256.privateKey), dsaEncoding: 'ieee-p1363' } as const;
    return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
  }

  const replaced = (index: number, text: string): string => good.split('.').with(index, text).join('.');
});
