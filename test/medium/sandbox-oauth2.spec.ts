import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type IssuedCredential, loadAnswers, type Sandbox } from '../../apps/sandbox/src/index.js';
import { type ProviderRequest, refreshRequest, sendTo, startTestSandbox } from '../support/sandbox.js';

const files = [...loadAnswers().values()].filter(({ type }) => type === 'oauth2');
const named = (...rotations: readonly string[]) =>
  files.filter(({ sandbox }) => rotations.includes(sandbox.rotation ?? 'static')).map(({ provider }) => provider);
const PRESETS = files.map(({ provider }) => provider);
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

type Fields = Record<string, string>;
type Changing = (issued: IssuedCredential) => IssuedCredential | ProviderRequest;

/** The documented request with some of its fields changed, in the encoding that it has. */
function changed(request: ProviderRequest, change: Fields): ProviderRequest {
  const isJson = request.headers['content-type'] === 'application/json';
  const text = String(request.body);
  const fields = { ...(isJson ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text))), ...change };
  return { ...request, body: isJson ? JSON.stringify(fields) : new URLSearchParams(fields).toString() };
}

const withFields =
  (change: Fields): Changing =>
  (issued) =>
    changed(refreshRequest(issued), change);
const withCredential =
  (change: Fields): Changing =>
  (issued) => ({ ...issued, credential: { ...issued.credential, ...change } });
const after =
  (act: (id: string) => void): Changing =>
  (issued) => {
    act(issued.id);
    return issued;
  };

const ROWS: readonly (readonly [answer: string, why: string, change: Changing])[] = [
  ['wrong_client', 'an unknown client', (issued) => ({ ...issued, settings: { ...issued.settings, client_id: 'x' } })],
  ['wrong_client', 'a wrong secret', (issued) => ({ ...issued, secrets: { client_secret: 'x' } })],
  ['wrong_client', 'a revoked secret', after((id) => sut.revoke(id, 'keys'))],
  ['bad_grant_type', 'another grant type', withFields({ grant_type: 'password' })],
  ['bad_request', 'no refresh token', withFields({ refresh_token: '' })],
  ['dead_refresh_token', 'an unknown refresh token', withCredential({ refresh_token: 'x' })],
  ['dead_refresh_token', 'an expired refresh token', after((id) => sut.expire(id, 'refresh'))],
  ['dead_refresh_token', 'a revoked refresh token', after((id) => sut.revoke(id, 'refresh'))],
];

/** Sends a request that accepts JSON. */
const sendJson = (provider: string, request: ProviderRequest) =>
  sendTo(sut, provider, { ...request, headers: { ...request.headers, accept: 'application/json' } });
const send = (issued: IssuedCredential) => sendJson(issued.provider, refreshRequest(issued));
const lastAnswer = () => sut.requests().at(-1)?.answer;
const isLive = (token: unknown) => sut.lookup(String(token))?.live;

async function succeed(issued: IssuedCredential): Promise<Record<string, unknown>> {
  const body = (await (await send(issued)).json()) as Record<string, unknown>;
  expect(lastAnswer()).toBe('success');
  return body;
}

describe.each(PRESETS)('sandbox: the rules of %s', (provider) => {
  it.each(ROWS)('should answer %s for %s', async (answer, _why, change) => {
    const wanted = change(await sut.issue(provider));
    const request = 'path' in wanted ? wanted : refreshRequest(wanted);

    const response = await sendJson(provider, request);

    const expected = files.find((file) => file.provider === provider)?.errors.find(({ id }) => id === answer);
    const text = typeof expected?.body === 'string' ? expected.body : JSON.stringify(expected?.body);
    expect([lastAnswer(), response.status, await response.text()]).toEqual([answer, expected?.status, text]);
  });

  it('should answer a path that it does not have', async () => {
    const issued = await sut.issue(provider);
    await sendTo(sut, provider, { ...refreshRequest(issued), path: '/elsewhere' });

    expect(lastAnswer()).toBe('unknown_route');
  });
});

describe('sandbox: rotation', () => {
  it.each(named('strict'))('should end the whole family where %s sees a refresh token twice', async (provider) => {
    const issued = await sut.issue(provider);
    const { access_token, refresh_token } = await succeed(issued);
    expect([isLive(access_token), isLive(refresh_token)]).toEqual([true, true]);

    await send(issued);

    expect(lastAnswer()).toBe('dead_refresh_token');
    expect([isLive(access_token), isLive(refresh_token)]).toEqual([false, false]);
  });

  it.each(named('grace'))('should answer a repeat of %s within the grace, and none beyond', async (provider) => {
    const grace = files.find((file) => file.provider === provider)?.sandbox.grace_seconds ?? 0;
    const issued = await sut.issue(provider);
    const first = await succeed(issued);
    now += grace * 1000 - 1;
    const second = await succeed(issued);
    expect(second['refresh_token']).not.toBe(first['refresh_token']);

    now += 1;
    await send(issued);

    expect(lastAnswer()).toBe('dead_refresh_token');
    expect(isLive(second['refresh_token'])).toBe(provider !== 'atlassian');
  });

  it.each(named('static'))('should answer a repeat of %s at any time', async (provider) => {
    const issued = await sut.issue(provider);
    const first = await succeed(issued);
    now += 86_400_000;
    const second = await succeed(issued);

    expect(second['access_token']).not.toBe(first['access_token']);
  });

  it.each(['github-app-user', 'zendesk', 'shopify'])('should end the old access token of %s', async (provider) => {
    const issued = await sut.issue(provider);
    const first = await succeed(issued);
    await succeed({ ...issued, credential: { refresh_token: String(first['refresh_token']) } });

    expect(isLive(first['access_token'])).toBe(false);
  });

  it('should do to one credential what it was told to', async () => {
    const gentle = await sut.issue('slack', { rotation: 'grace', grace_seconds: 10 });
    await succeed(gentle);
    await succeed(gentle);

    now += 10_000;
    await send(gentle);
    expect(lastAnswer()).toBe('dead_refresh_token');
  });
});

describe('sandbox: quirks of the presets', () => {
  it('should answer a form where GitHub is not asked for JSON, successes and failures alike', async () => {
    const issued = await sut.issue('github-app-user');
    const { accept: _, ...headers } = refreshRequest(issued).headers;
    const request = { ...refreshRequest(issued), headers };

    const success = await sendTo(sut, issued.provider, request);
    const refused = await sendTo(sut, issued.provider, request);

    expect(success.headers.get('content-type')).toContain('application/x-www-form-urlencoded');
    const fields = new URLSearchParams(await success.text());
    expect([isLive(fields.get('access_token')), fields.get('expires_in')]).toEqual([false, '28800']);
    expect([refused.status, new URLSearchParams(await refused.text()).get('error')]).toEqual([
      200,
      'bad_refresh_token',
    ]);
  });

  it.each(['github-app-user', 'zoho'])('should take the parameters of %s from the query too', async (provider) => {
    const issued = await sut.issue(provider);
    const { body, path, ...request } = refreshRequest(issued);

    await sendTo(sut, provider, { ...request, path: `${path}?${String(body)}` });

    expect(lastAnswer()).toBe('success');
  });

  it('should let the tokens of Zendesk live as long as they are asked to', async () => {
    const issued = await sut.issue('zendesk');
    const response = await sendTo(sut, 'zendesk', changed(refreshRequest(issued), { expires_in: '600' }));

    expect(await response.json()).toMatchObject({ expires_in: 600, refresh_token_expires_in: 2_592_000 });
  });

  it('should want the version of Notion, and JSON', async () => {
    const issued = await sut.issue('notion');
    const { 'notion-version': _, ...headers } = refreshRequest(issued).headers;

    await sendTo(sut, 'notion', { ...refreshRequest(issued), headers });
    expect(lastAnswer()).toBe('missing_version');
    const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' };
    await sendTo(sut, 'notion', { ...refreshRequest(issued), headers: form });
    expect(lastAnswer()).toBe('bad_request');
  });

  it('should serve only the tenants of Entra that it has', async () => {
    const issued = await sut.issue('microsoft-entra');
    const request = { ...refreshRequest(issued), path: '/nobody.example/oauth2/v2.0/token' };

    expect(await (await sendTo(sut, 'microsoft-entra', request)).text()).toContain('AADSTS90002');
  });
});
