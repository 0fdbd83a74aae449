import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startBroker, type TestBroker } from '../support/broker.js';
import { broughtToken, pathOf } from '../support/connect.js';

/** Nothing listens there: what is sent all the same fails, and shows in `refresh`. */
const NOWHERE = { base_url: 'http://127.0.0.1:1' };

let broker: TestBroker;

beforeAll(async () => {
  broker = await startBroker();
});

afterAll(() => broker?.stop());

const patch = (path: string, body: object) => broker.as().patch(path).send(body);

/** What stands at a path, with its ETag. */
async function read(path: string) {
  const { body, headers } = await broker.as().get(path);
  return { body, etag: headers['etag'] };
}

/** Klavi's credential may be used again; Onmeta's refresh token is used up by the first request. */
const CREDENTIALS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  klavi: { access_token: 'a', access_key: 'k', secret_key: 's' },
  onmeta: { api_key: 'k', refresh_token: 'r' },
};

/** A connection that holds a token for a day. */
async function make(provider: string, connection: string): Promise<string> {
  const path = pathOf(provider, connection);
  const token = broughtToken('held', 86_400);
  await broker.as().put(path).send({ settings: NOWHERE, credential: CREDENTIALS[provider], token }).expect(201);
  return path;
}

describe('a field that is null', () => {
  it.each([
    ['klavi', { credential: { acces_key: null } }, ['credential.acces_key']],
    ['onmeta', { credential: { refesh_token: null } }, ['credential.refesh_token']],
    ['klavi', { settings: { nope: null } }, ['settings.nope']],
    ['klavi', { settings: { access_key: null } }, ['settings.access_key']],
    ['klavi', { credential: { base_url: null } }, ['credential.base_url']],
    ['klavi', { settings: { product: null, zzz: null }, credential: { x: null } }, ['settings.zzz', 'credential.x']],
    ['klavi', { credential: { ['a\0b']: null } }, ['credential.a\0b']],
    ['klavi', { settings: { ['\ud800']: null } }, ['settings.\ud800']],
    ['klavi', { credential: { ['x'.repeat(100)]: null } }, [`credential.${'x'.repeat(100)}`]],
  ])('should be refused by name where %s has no such field there: %j', async (provider, body, fields) => {
    const path = await make(provider, 'refused');
    const before = await read(path);
    const answer = await patch(path, body);

    expect(answer.status).toBe(400);
    expect(answer.body.errors.map(({ field }: { field: string }) => field)).toEqual(fields);
    expect(await read(path)).toEqual(before);
    await broker.as().delete(path).expect(204);
  });

  it.each([
    [{ settings: { base_uri: null, zzz: null } }, ['settings.base_uri', 'settings.zzz']],
    [{ secrets: { nope: null } }, ['secrets.nope']],
    [{ settings: { access_key: null } }, ['settings.access_key']],
  ])('should be refused by name where a provider has no such field there: %j', async (body, fields) => {
    const before = await read('/admin/providers/klavi');
    const answer = await patch('/admin/providers/klavi', body);

    expect(answer.status).toBe(400);
    expect(answer.body.errors.map(({ field }: { field: string }) => field)).toEqual(fields);
    expect(await read('/admin/providers/klavi')).toEqual(before);
  });

  it.each([
    ['klavi', { settings: { product: null }, credential: {} }],
    ['klavi', { settings: { product: null, ca_certificates: null } }],
    ['onmeta', { credential: { email: null } }],
  ])('should change nothing where the field of %s is not set: %j', async (provider, body) => {
    const path = await make(provider, `unset-${Object.keys(body).join('-')}`);
    const before = await read(path);
    const answer = await patch(path, body);

    expect([answer.status, answer.headers['etag']]).toEqual([200, before.etag]);
    expect(await read(path)).toEqual(before);
    expect((await broker.as().get('/audit/events?action=connection.updated')).body.items).toEqual([]);
  });

  it('should change nothing of a provider that does not have the field', async () => {
    const before = await read('/admin/providers/klavi');
    const answer = await patch('/admin/providers/klavi', {
      settings: { product: null },
      secrets: { secret_key: null },
    });

    expect([answer.status, answer.headers['etag']]).toEqual([200, before.etag]);
    expect(await read('/admin/providers/klavi')).toEqual(before);
  });
});

describe('a credential that is patched', () => {
  it.each([
    ['empty beside a setting', { credential: {}, settings: { product: 'data' } }],
    ['the same value beside a setting', { credential: { access_token: 'a' }, settings: { product: 'data' } }],
    ['sent as it is held', { credential: { access_token: 'a', access_key: 'k' } }],
  ])('should keep the token where it stays the same: %s', async (_what, body) => {
    const path = await make('klavi', 'same');
    const before = await read(path);
    const { status, body: after, headers } = await patch(path, body);

    expect([status, after.token, after.credential]).toEqual([200, before.body.token, before.body.credential]);
    expect(headers['etag']).not.toBe(before.etag);
    await broker.as().delete(path).expect(204);
  });

  it.each([
    ['another value', { access_token: 'b' }],
    ['a removal', { secret_key: null, access_key: null }],
  ])('should drop the token where it is a new one: %s', async (_what, credential) => {
    const path = await make('klavi', 'other');
    const { status, body } = await patch(path, { credential });

    expect([status, body.token]).toEqual([200, null]);
    await broker.as().delete(path).expect(204);
  });
});
