import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type IssuedCredential, loadAnswers, type Sandbox } from '../../apps/sandbox/src/index.js';
import { refreshRequest, reloginRequest, sendTo, signAssertion, startTestSandbox } from '../support/sandbox.js';

const PROVIDERS = [...loadAnswers().keys()].toSorted();
const START = Date.parse('2026-11-21T10:00:00Z');

let now = START;
let sut: Sandbox;

beforeAll(async () => {
  sut = await startTestSandbox({ now: () => now });
});
beforeEach(() => {
  now = START;
  sut.reset();
});
afterAll(() => sut.close());

const claimsOf = (jwt: string): unknown => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
const json = async (response: Promise<Response>): Promise<Record<string, unknown>> =>
  (await (await response).json()) as Record<string, unknown>;
const refresh = (issued: IssuedCredential) => json(sendTo(sut, issued.provider, refreshRequest(issued)));
const statusOf = async (issued: IssuedCredential) =>
  (await sendTo(sut, issued.provider, refreshRequest(issued))).status;

async function control(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  const response = await fetch(`${sut.url}/_sandbox${path}`, init);
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

describe('sandbox: successes', () => {
  it('should issue an access token of Onmeta and keep the refresh token', async () => {
    const issued = await sut.issue('onmeta', { ttl_seconds: 60 });

    const first = (await refresh(issued)) as { data: { accessToken: string } };
    const second = (await refresh(issued)) as { data: { accessToken: string } };

    expect(first).toEqual({ success: true, data: { accessToken: expect.any(String) }, error: {} });
    expect(first.data.accessToken).not.toBe(second.data.accessToken);
    expect(claimsOf(first.data.accessToken)).toMatchObject({ iat: START / 1000, exp: START / 1000 + 60 });
  });

  it.each(['RS256', 'RS384', 'RS512'])('should let Monetate mint for a JWT signed with %s', async (algorithm) => {
    const issued = await sut.issue('monetate');
    const assertion = signAssertion(issued, { iat: START / 1000 - 59.5 }, algorithm);
    const headers = { authorization: `JWT ${assertion}` };

    expect(await json(sendTo(sut, 'monetate', { method: 'GET', path: '/refresh/?ttl=600', headers }))).toEqual({
      meta: { code: 200, errors: [], warnings: [] },
      data: {
        issued_at: START / 1000,
        token: expect.stringMatching(/^1\.[\w-]{18}\.[\w-]{43}$/),
        expires_in: 600,
        expires_at: START / 1000 + 600,
      },
    });
  });

  it('should accept both encodings of KlearStack', async () => {
    const issued = await sut.issue('klearstack');
    const request = refreshRequest(issued);
    const multipart = new FormData();
    new URLSearchParams(String(request.body)).forEach((value, name) => multipart.append(name, value));

    const answers = [await refresh(issued), await json(sendTo(sut, 'klearstack', { ...request, body: multipart }))];

    for (const answer of answers) {
      expect(answer).toEqual({ access_token: expect.any(String), release_version: '7.8.9' });
      expect(claimsOf(String(answer['access_token']))).toMatchObject({ token_type: 'access', user_id: 26 });
    }
  });

  it('should let the old token of Klavi live to its own expiry, or die at once where it is told to', async () => {
    const gentle = await sut.issue('klavi', { ttl_as_string: true });
    const harsh = await sut.issue('klavi', { old_token_dies: true });

    expect(await refresh(gentle)).toEqual({ accessToken: expect.any(String), expireIn: '1800' });
    expect(await refresh(harsh)).toEqual({ accessToken: expect.any(String), expireIn: 1800 });

    expect([await statusOf(gentle), await statusOf(harsh)]).toEqual([200, 401]);
    now += 1_800_000;
    expect(await statusOf(gentle)).toBe(401);
  });

  it('should take the token that Klavi answered as the next credential, under both products', async () => {
    const issued = await sut.issue('klavi');
    const { accessToken } = await refresh(issued);
    const request = refreshRequest({ ...issued, credential: { access_token: String(accessToken) } });

    expect((await sendTo(sut, 'klavi', { ...request, path: '/data/v1/refresh' })).status).toBe(200);
  });

  it('should write the transaction of Berbix as the number it is, and no refresh token', async () => {
    const issued = await sut.issue('berbix');
    const text = await (await sendTo(sut, 'berbix', refreshRequest(issued))).text();

    expect(text).toContain('"transaction_id":9007199254740993123,');
    expect(Object.keys(JSON.parse(text) as object)).not.toContain('refresh_token');
  });

  it.each(['onmeta', 'klearstack', 'klavi'])('should let %s log in after every token is dead', async (provider) => {
    const issued = await sut.issue(provider);
    sut.expire(issued.id);
    expect(await statusOf(issued)).toBe(401);

    const text = await (await sendTo(sut, provider, reloginRequest(issued))).text();

    const tokens = [...text.matchAll(/"(eyJ[^"]+)"/g)].map(([, token]) => sut.lookup(token ?? ''));
    expect(tokens.map((token) => token?.live)).toEqual(provider === 'klavi' ? [true] : [true, true]);
  });
});

describe('sandbox: control API', () => {
  it('should say what it can do', async () => {
    const { body } = await control('GET', '/');

    expect(body).toMatchObject({ providers: { klavi: `${sut.url}/klavi` } });
    expect(sut.providers).toEqual(PROVIDERS);
  });

  it.each(PROVIDERS)('should issue a credential of %s that works', async (provider) => {
    const { status, body } = await control('POST', '/credentials', { provider });
    const issued = body as IssuedCredential;

    expect(status).toBe(201);
    expect(String(issued.settings['base_url'] ?? issued.settings['token_url'])).toContain(`${sut.url}/${provider}`);
    expect((await sendTo(sut, provider, refreshRequest(issued, now))).status).toBe(200);
  });

  it('should issue the values that were asked for', async () => {
    const credential = { access_token: 'canary-1', secret_key: 'canary-2' };
    const issued = await sut.issue('klavi', { credential, settings: { product: 'data' }, ttl_seconds: 30 });

    expect(issued).toMatchObject({ credential, settings: { product: 'data' } });
    expect(await statusOf(issued)).toBe(200);
    expect((await sendTo(sut, 'klavi', reloginRequest(issued))).status).toBe(200);
  });

  it('should change, expire and revoke a credential, and never show a secret of it', async () => {
    const issued = await sut.issue('klearstack');
    const path = `/credentials/${issued.id}`;

    expect(await control('PATCH', path, { ttl_seconds: 5 })).toEqual({ status: 204, body: undefined });
    expect(claimsOf(String((await refresh(issued))['access_token']))).toMatchObject({ exp: START / 1000 + 5 });
    expect((await control('POST', `${path}/expire`, { part: 'refresh' })).status).toBe(204);
    expect((await control('POST', `${path}/revoke`, { part: 'keys' })).status).toBe(204);

    const shown = (await control('GET', path)).body;
    const access = { live: 2, expires_at: '2026-11-21T10:15:00.000Z' };
    expect(shown).toMatchObject({ keys: 'revoked', tokens: { access, refresh: { live: 0, expires_at: null } } });
    expect((await control('GET', '/credentials')).body).toEqual({ items: [shown] });
    Object.values(issued.credential).forEach((secret) => expect(JSON.stringify(shown)).not.toContain(secret));
  });

  it('should list the requests of a credential with their outcome, and forget them', async () => {
    const [first, second] = [await sut.issue('klavi'), await sut.issue('klavi')];
    await refresh(first);
    await refresh(second);
    sut.revoke(first.id);
    await refresh(first);

    const { body } = await control('GET', `/requests?provider=klavi&credential=${first.id}`);

    const each = { at: '2026-11-21T10:00:00.000Z', method: 'GET', path: '/monitor/v1/refresh', credential: first.id };
    expect(body).toMatchObject({
      items: [
        { ...each, step: 'refresh', answer: 'success', status: 200, fault: null },
        { ...each, step: 'refresh', answer: 'unauthorized', status: 401, fault: null },
      ],
    });
    expect((await control('DELETE', '/requests')).status).toBe(204);
    expect(sut.requests()).toEqual([]);
  });

  it('should queue and forget faults', async () => {
    const wanted = { provider: 'klavi', count: 3, fault: { kind: 'close_after', step: 'refresh' } };

    expect(await control('POST', '/faults', wanted)).toMatchObject({
      status: 201,
      body: { items: [{ remaining: 3 }] },
    });
    expect((await control('DELETE', '/faults?provider=klavi')).status).toBe(204);
    expect((await control('GET', '/faults')).body).toEqual({ items: [] });
  });

  it('should know a token', async () => {
    const { id, credential } = await sut.issue('berbix');

    expect((await control('POST', '/tokens', { token: credential['refresh_token'] })).body).toEqual({
      provider: 'berbix',
      credential: id,
      kind: 'refresh',
      live: true,
      expires_at: null,
    });
    expect((await control('POST', '/tokens', { token: 'x' })).body).toEqual({ live: false });
  });

  it.each([
    ['POST', '/credentials', {}, 400, 'provider'],
    ['POST', '/credentials', { provider: 'klavi', ttl: 5 }, 400, 'ttl'],
    ['POST', '/credentials', { provider: 'klavi', ttl_seconds: '5' }, 400, 'ttl_seconds'],
    ['POST', '/credentials', { provider: 'monetate', credential: { private_key: 'x' } }, 400, 'credential.private_key'],
    ['POST', '/faults', { provider: 'klavi', fault: { kind: 'answer', id: 'x' } }, 400, 'id'],
    ['POST', '/faults', { provider: 'klavi', fault: { kind: 'delay' } }, 400, 'fault.ms'],
    ['POST', '/faults', { provider: 'klavi', fault: { kind: 'explode' } }, 400, 'fault'],
    ['GET', '/requests?connection=x', undefined, 400, 'connection'],
    ['GET', '/requests?step=x', undefined, 400, 'step'],
    ['POST', '/credentials', { provider: 'nobody' }, 404, undefined],
    ['POST', '/credentials/nobody/expire', {}, 404, undefined],
    ['GET', '/elsewhere', undefined, 404, undefined],
    ['PUT', '/reset', {}, 405, undefined],
  ])('should refuse %s %s %j', async (method, path, body, status, field) => {
    const answer = await control(method, path, body);

    expect(answer.status).toBe(status);
    expect((answer.body as { errors?: { field: string }[] }).errors?.[0]?.field).toBe(field);
  });

  it('should refuse to expire what a provider does not have', async () => {
    const { id } = await sut.issue('klavi');

    expect(() => sut.expire(id, 'refresh')).toThrow('klavi has no refresh tokens; its kinds are access.');
  });

  it('should refuse a body beyond 64 kB, and name its rooms to who is lost', async () => {
    const init = { method: 'POST', body: 'x'.repeat(70_000) };

    expect((await fetch(`${sut.url}/klavi/monitor/v1/auth`, init)).status).toBe(413);
    expect(await (await fetch(`${sut.url}/nobody`)).text()).toContain('/klavi/');
  });
});
