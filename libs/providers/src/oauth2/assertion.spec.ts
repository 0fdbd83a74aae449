import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { toSecrets } from '@app/common';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { signAssertion } from './assertion.js';
import type { AssertionSettings } from './settings.js';
import { newKeys } from './testing/new-oauth2.js';

const NOW = Date.UTC(2026, 10, 21);
const SECONDS = NOW / 1000;
const { publicKey, pem } = newKeys();

const sign = (settings: AssertionSettings, private_key = pem) =>
  signAssertion(settings, { settings: {}, secrets: toSecrets({ private_key }) }, 'https://a.example/t', NOW);
const verify = (jwt: string) => jwtVerify(jwt, publicKey, { currentDate: new Date(NOW) });

describe(signAssertion.name, () => {
  it('should say who speaks to whom, for five minutes', async () => {
    const jwt = await sign({ issuer: 'client' });

    expect(decodeProtectedHeader(jwt)).toEqual({ alg: 'RS256', typ: 'JWT' });
    expect((await verify(jwt)).payload).toEqual({
      iss: 'client',
      sub: 'client',
      aud: 'https://a.example/t',
      iat: SECONDS,
      exp: SECONDS + 300,
      jti: expect.any(String),
    });
  });

  it('should say what is configured', async () => {
    const jwt = await sign({
      issuer: 'i',
      subject: 's',
      audience: 'a',
      key_id: 'k1',
      algorithm: 'PS384',
      lifetime_seconds: 3600,
      claims: { scope: 'read', box_sub_type: 'enterprise', iss: 'not this one' },
    });

    expect(decodeProtectedHeader(jwt)).toEqual({ alg: 'PS384', typ: 'JWT', kid: 'k1' });
    expect((await verify(jwt)).payload).toMatchObject({
      iss: 'i',
      sub: 's',
      aud: 'a',
      exp: SECONDS + 3600,
      scope: 'read',
      box_sub_type: 'enterprise',
    });
  });

  it('should be another one for each request', async () => {
    const ids = await Promise.all([1, 2].map(async () => (await verify(await sign({ issuer: 'i' }))).payload.jti));

    expect(new Set(ids).size).toBe(2);
  });

  it('should sign with an elliptic key', async () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = pair.privateKey.export({ type: 'sec1', format: 'pem' }).toString();

    const jwt = await sign({ issuer: 'i', algorithm: 'ES256' }, key);

    await expect(jwtVerify(jwt, pair.publicKey, { currentDate: new Date(NOW) })).resolves.toBeDefined();
  });

  it.each([
    ['a key of another kind', { algorithm: 'ES256' }, pem],
    ['a damaged key', {}, `${pem.slice(0, 200)}canary`],
  ])('should refuse %s without repeating it', async (_what, settings, key) => {
    await expect(sign(settings, key)).rejects.toMatchObject({
      code: 'connection_misconfigured',
      message: expect.not.stringContaining('canary'),
      cause: undefined,
    });
  });
});
