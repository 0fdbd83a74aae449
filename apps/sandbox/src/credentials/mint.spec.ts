import { describe, expect, it } from '@jest/globals';
import { createHmac, createPublicKey, verify } from 'node:crypto';
import { mint } from './mint.js';
import { SigningKeys } from './signing-keys.js';

const keys = new SigningKeys();
const claims = { sub: 'klavi-1', iat: 1_000, exp: 2_800 };
const decode = (part = ''): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());

describe('mint', () => {
  it('should sign an HS256 JWT with the claims of the provider', () => {
    const [head, payload, signature] = mint({ format: 'jwt-hs256', claims: { user_id: 26 } }, claims, keys).split('.');

    expect(decode(head)).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(decode(payload)).toEqual({ user_id: 26, ...claims, jti: expect.any(String) });
    expect(createHmac('sha256', keys.hs256).update(`${head}.${payload}`).digest('base64url')).toBe(signature);
  });

  it('should sign an ES256 JWT in the encoding of RFC 7518', () => {
    const [head, payload, signature = ''] = mint({ format: 'jwt-es256' }, { ...claims, exp: null }, keys).split('.');
    const key = { key: createPublicKey(keys.es256), dsaEncoding: 'ieee-p1363' } as const;

    expect(decode(payload)).not.toHaveProperty('exp');
    const text = Buffer.from(`${head}.${payload}`);
    expect(verify('sha256', text, key, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it('should shape an opaque token as the provider does, and never twice the same', () => {
    const spec = { format: 'opaque', parts: ['1', 13, 32] } as const;
    const tokens = [mint(spec, claims, keys), mint(spec, claims, keys)];

    tokens.forEach((token) => expect(token).toMatch(/^1\.[\w-]{18}\.[\w-]{43}$/));
    expect(tokens[0]).not.toBe(tokens[1]);
  });
});

describe('SigningKeys', () => {
  it('should be the same after they were saved', async () => {
    const rsa = await keys.rsaPrivateKey();
    const saved = keys.save();

    expect(new SigningKeys(saved).save()).toEqual(saved);
    expect(await new SigningKeys(saved).rsaPrivateKey()).toBe(rsa);
  });
});
