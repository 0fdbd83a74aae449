import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { toSecrets } from '@app/common';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { checkFields } from '../validation.js';
import { MonetateProvider } from './monetate.provider.js';

const NOW = Date.UTC(2026, 10, 21);
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PEM = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const sut = new MonetateProvider();
const credential = (settings: Record<string, unknown> = {}, private_key = PEM) => ({
  settings: { username: 'api-111-demo', ...settings },
  secrets: toSecrets({ private_key }),
});
const read = (body: string, status = 200) =>
  sut.read('refresh', { status, contentType: '', retryAfter: undefined, body }, credential(), NOW);

const complaintsOf = (private_key: string) =>
  checkFields(sut, { secrets: { private_key } }, { settings: 'settings', secrets: 'credential' });

describe(MonetateProvider.name, () => {
  it('should mint with a JWT of its own, signed for this request', async () => {
    const request = await sut.request('refresh', credential(), NOW);
    const [scheme, assertion = ''] = request.headers['authorization']?.split(' ') ?? [];

    expect(request).toMatchObject({ method: 'GET', url: 'https://api.monetate.net/api/auth/v0/refresh/?ttl=3600' });
    expect(scheme).toBe('JWT');
    const { payload } = await jwtVerify(assertion, publicKey, { currentDate: new Date(NOW) });
    expect(payload).toEqual({ username: 'api-111-demo', iat: NOW / 1000 });
  });

  it.each(['RS256', 'RS384', 'RS512'])('should sign with %s', async (algorithm) => {
    const request = await sut.request('refresh', credential({ algorithm, ttl_seconds: 900 }), NOW);

    expect(decodeProtectedHeader(request.headers['authorization']?.slice(4) ?? '')).toEqual({
      alg: algorithm,
      typ: 'JWT',
    });
    expect(new URL(request.url).searchParams.get('ttl')).toBe('900');
  });

  it('should also take a key in PKCS #1', async () => {
    const pkcs1 = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();

    expect((await sut.request('refresh', credential({}, pkcs1), NOW)).headers['authorization']).toMatch(/^JWT ey/);
  });

  it('should refuse a damaged key without repeating it', async () => {
    await expect(sut.request('refresh', credential({}, PEM.slice(0, 200)), NOW)).rejects.toMatchObject({
      code: 'connection_misconfigured',
      message: 'The private key cannot be used: store it again, in PEM.',
      cause: undefined,
    });
  });

  it('should have no log-in', async () => {
    await expect(sut.request('relogin', credential(), NOW)).rejects.toMatchObject({ code: 'connection_misconfigured' });
  });

  it('should issue a token for the scheme Token', () => {
    const body = '{"meta":{"code":200},"data":{"issued_at":1.5,"token":"1.a.b","expires_in":1000,"expires_at":1.5}}';

    expect(read(body)).toMatchObject({
      kind: 'ok',
      grant: { tokenType: 'Token', expiresInSeconds: 1000, credential: {} },
    });
  });

  it('should take the stated moment where no lifetime is stated', () => {
    expect(read(`{"data":{"token":"1.a.b","expires_at":${NOW / 1000 + 600.342885}}}`)).toMatchObject({
      grant: { expiresInSeconds: 600 },
    });
  });

  it.each([
    [400, 'misconfigured', 'bad_request'],
    [401, 'rejected', 'unauthorized'],
    [403, 'rejected', 'forbidden'],
    [503, 'unknown', 'server_error'],
  ])('should read %d as %s', (status, kind, reason) => {
    expect(read('{"meta":{},"data":{}}', status)).toEqual({ kind, status, reason });
  });

  describe('private_key', () => {
    const damaged = 'must be a private key in PEM, with its line breaks and without a passphrase';
    const weak = 'must be an RSA key of at least 2048 bits';

    it('should be accepted', () => {
      expect(complaintsOf(PEM)).toEqual([]);
    });

    it.each([
      ['is no PEM', 'secret', damaged],
      ['is damaged', PEM.replace(/[A-Z]{2}/, '!!'), damaged],
      ['lost its line breaks', PEM.replaceAll('\n', ' '), damaged],
      ['is a public key', publicKey.export({ type: 'spki', format: 'pem' }).toString(), damaged],
      [
        'is not RSA',
        generateKeyPairSync('ec', { namedCurve: 'P-256' })
          .privateKey.export({ type: 'pkcs8', format: 'pem' })
          .toString(),
        weak,
      ],
      [
        'is too short',
        generateKeyPairSync('rsa', { modulusLength: 1024 })
          .privateKey.export({ type: 'pkcs8', format: 'pem' })
          .toString(),
        weak,
      ],
      [
        'has a passphrase',
        privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
        damaged,
      ],
    ])('should be refused where it %s', (_what, pem, message) => {
      expect(complaintsOf(pem)).toEqual([{ field: 'credential.private_key', message }]);
    });
  });
});
