import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { bodyOf, broughtToken, connect, pathOf } from '../support/connect.js';
import { startTestSandbox } from '../support/sandbox.js';

let sandbox: Sandbox;
let broker: TestBroker;
let reader: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
  reader = await broker.keyFor(['*/*']);
});

afterAll(async () => {
  await broker?.stop();
  await sandbox?.close();
});

const put = (provider: string, name: string, body: object) => broker.as().put(pathOf(provider, name)).send(body);
const get = (provider: string, name: string) => broker.as().get(pathOf(provider, name));
const token = (provider: string, name: string) =>
  broker.as(reader).get(`/providers/${provider}/token?connection=${name}`);

describe('PUT of a connection', () => {
  it('should create with 201 and replace with 200, under the next generation', async () => {
    const issued = await sandbox.issue('klavi');
    const brought = broughtToken('brought-1');
    const created = await put('klavi', 'twice', { ...bodyOf(issued), token: brought });
    const replaced = await put('klavi', 'twice', { ...bodyOf(issued), token: brought });

    expect([created.status, replaced.status]).toEqual([201, 200]);
    expect([created.body.token.generation, replaced.body.token.generation]).toEqual([1, 2]);
    expect(replaced.body.created_at).toBe(created.body.created_at);
  });

  it('should leave nothing of what it replaces', async () => {
    const { settings, credential } = await sandbox.issue('klearstack');
    const { username: _user, password: _password, ...withoutLogin } = credential;
    await put('klearstack', 'replaced', { settings, credential });
    const { encoding: _encoding, ...fewer } = settings;
    const { body } = await put('klearstack', 'replaced', { settings: fewer, credential: withoutLogin });

    expect(body.settings).toEqual(fewer);
    expect(body.credential.fields.toSorted()).toEqual(['access_token', 'refresh_token']);
  });

  it('should store a token that is brought along, and serve it without asking the provider', async () => {
    const issued = await connect({ broker, sandbox }, 'onmeta', 'brought', { token: broughtToken('brought-2') });
    const answer = await token('onmeta', 'brought');

    expect(answer.body).toMatchObject({
      access_token: 'brought-2',
      authorization: 'Bearer brought-2',
      source: 'cache',
    });
    expect(answer.body.expires_in).toBeGreaterThan(3500);
    expect(answer.body.expires_in).toBeLessThanOrEqual(3600);
    expect(sandbox.requests({ credential: issued.id })).toEqual([]);
  });

  it('should have a brought token used as its provider wants it', async () => {
    await connect({ broker, sandbox }, 'monetate', 'brought', { token: broughtToken('brought-3') });

    expect((await token('monetate', 'brought')).body).toMatchObject({
      token_type: 'Token',
      authorization: 'Token brought-3',
    });
  });

  it('should need a configured provider', async () => {
    expect((await put('nowhere', 'acme', { credential: { refresh_token: 'x' } })).body).toMatchObject({
      status: 404,
      code: 'not_found',
      provider: 'nowhere',
    });
  });

  it.each([
    ['onmeta', { credential: { api_key: 'k' } }, ['credential.refresh_token']],
    ['onmeta', { credential: { refresh_token: 'r' } }, ['credential.api_key']],
    ['monetate', { credential: {} }, ['credential.private_key', 'settings.username']],
    [
      'klearstack',
      { credential: {} },
      ['credential.access_token', 'credential.refresh_token', 'settings.base_url', 'settings.company_name'],
    ],
    ['klavi', { credential: { access_key: 'only-half' } }, ['credential.access_token']],
    ['berbix', { credential: {} }, ['credential.api_secret', 'credential.refresh_token']],
  ])('should name what %s misses: %j', async (provider, body, fields) => {
    const answer = await put(provider, 'incomplete', body);

    expect(answer.status).toBe(400);
    expect(answer.body.errors.map(({ field }: { field: string }) => field).toSorted()).toEqual(fields);
    expect(answer.body.detail).toContain(answer.body.errors[0].field);
    expect((await get(provider, 'incomplete')).status).toBe(404);
  });

  it.each([
    ['no credential', { settings: {} }, 'credential'],
    ['a credential that is no object', { credential: 'x' }, 'credential'],
    ['a credential that is null', { credential: null }, 'credential'],
    ['settings that are a list', { settings: [], credential: {} }, 'settings'],
    ['an unknown field', { credential: { pin: '1' } }, 'credential.pin'],
    ['an unknown setting', { settings: { colour: 'red' }, credential: {} }, 'settings.colour'],
    ['a secret among the settings', { settings: { refresh_token: 'x' }, credential: {} }, 'settings.refresh_token'],
    ['a setting among the secrets', { credential: { base_url: 'https://x' } }, 'credential.base_url'],
    ['a relative base URL', { settings: { base_url: '/v1' }, credential: {} }, 'settings.base_url'],
    ['an empty refresh token', { credential: { refresh_token: '' } }, 'credential.refresh_token'],
    ['a refresh token of two lines', { credential: { refresh_token: 'a\nb' } }, 'credential.refresh_token'],
    ['a refresh token that is a number', { credential: { refresh_token: 1 } }, 'credential.refresh_token'],
    ['a token without its end', { credential: {}, token: { access_token: 'x' } }, 'token.expires_at'],
    ['a token of the past', { credential: {}, token: broughtToken('x', -1) }, 'token.expires_at'],
    ['a token that is null', { credential: {}, token: null }, 'token'],
    [
      'a token that ends on no day',
      { credential: {}, token: { access_token: 'x', expires_at: 'soon' } },
      'token.expires_at',
    ],
    ['an empty token', { credential: {}, token: broughtToken('') }, 'token.access_token'],
    ['a token with a blank', { credential: {}, token: broughtToken('a b') }, 'token.access_token'],
    ['an unknown part of a token', { credential: {}, token: { ...broughtToken('x'), kind: 'y' } }, 'token.kind'],
    ['an unknown member', { credential: {}, state: 'active' }, 'state'],
  ])('should refuse %s by name', async (_name, body, field) => {
    const answer = await put('onmeta', 'malformed', body);

    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('invalid_request');
    expect(answer.body.errors).toContainEqual({ field, message: expect.stringMatching(/\w/) });
  });

  it.each([
    ['ttl_seconds', 899],
    ['ttl_seconds', 43_201],
    ['ttl_seconds', '3600'],
    ['ttl_seconds', 1000.5],
    ['algorithm', 'HS256'],
    ['username', ''],
  ])('should refuse the setting %s of %j for monetate', async (name, value) => {
    const { settings, credential } = await sandbox.issue('monetate');
    const { body } = await put('monetate', 'malformed', { settings: { ...settings, [name]: value }, credential });

    expect(body.status).toBe(400);
    expect(new Set(body.errors.map(({ field }: { field: string }) => field))).toEqual(new Set([`settings.${name}`]));
  });

  it('should refuse a private key that cannot sign', async () => {
    const { settings } = await sandbox.issue('monetate');
    const { body } = await put('monetate', 'malformed', { settings, credential: { private_key: 'no PEM' } });

    expect(body).toMatchObject({ status: 400, errors: [{ field: 'credential.private_key' }] });
  });
});
