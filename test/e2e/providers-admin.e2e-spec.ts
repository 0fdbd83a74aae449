import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { EXPIRED_CA, LEAF, LEAF_KEY, PRIVATE_CA } from '../support/certificates.js';
import { bodyOf, connect, pathOf } from '../support/connect.js';
import { startTestSandbox } from '../support/sandbox.js';

const SECRET = 'canary-of-a-provider-secret';
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/;

let sandbox: Sandbox;
let broker: TestBroker;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
});

afterAll(async () => {
  await broker?.stop();
  await sandbox?.close();
});

const at = (name: string): string => `/admin/providers/${name}`;
const put = (name: string, body: object) => broker.as().put(at(name)).send(body);
const patch = (name: string, body: object) => broker.as().patch(at(name)).send(body);
const get = (name: string) => broker.as().get(at(name));

/** What its first refresh comes to. */
const refreshed = async (name: string) => {
  await broker
    .as()
    .put(pathOf(name, 'acme'))
    .send({ credential: { refresh_token: 'r' } });
  return (await broker.as().post(`${pathOf(name, 'acme')}/refresh`)).body;
};

describe('configured providers', () => {
  it('should be the five built-in ones from the start, by name', async () => {
    const { status, body } = await broker.as().get('/admin/providers');

    expect(status).toBe(200);
    expect(body.items.map(({ provider }: { provider: string }) => provider)).toEqual([
      'berbix',
      'klavi',
      'klearstack',
      'monetate',
      'onmeta',
    ]);
    expect(body.items[0]).toEqual({
      provider: 'berbix',
      type: 'berbix',
      settings: {},
      secrets: { fields: [] },
      created_at: expect.stringMatching(RFC_3339),
      updated_at: expect.stringMatching(RFC_3339),
    });
    expect(body.next_cursor).toBeNull();
  });

  it('should be listed page by page', async () => {
    const names: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body }: { body: { items: { provider: string }[]; next_cursor: string | null } } = await broker
        .as()
        .get(`/admin/providers?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      expect(body.items.length).toBeLessThanOrEqual(2);
      names.push(...body.items.map(({ provider }) => provider));
      cursor = body.next_cursor;
    }

    expect(names).toEqual(expect.arrayContaining(['berbix', 'klavi', 'klearstack', 'monetate', 'onmeta']));
    expect(new Set(names).size).toBe(names.length);
  });

  it('should be created by PUT with 201 and replaced with 200, secrets never shown', async () => {
    const created = await put('meta-eu', { type: 'onmeta', settings: {}, secrets: { api_key: SECRET } });
    const replaced = await put('meta-eu', { type: 'onmeta', settings: { environment: 'staging' } });

    expect([created.status, replaced.status]).toEqual([201, 200]);
    expect(created.body).toMatchObject({ provider: 'meta-eu', type: 'onmeta', secrets: { fields: ['api_key'] } });
    expect(replaced.body).toMatchObject({ settings: { environment: 'staging' }, secrets: { fields: [] } });
    expect((await get('meta-eu')).body).toEqual(replaced.body);
    expect(created.text + replaced.text).not.toContain(SECRET);
  });

  it('should be merged by PATCH, null removing a field', async () => {
    await put('merged', {
      type: 'klavi',
      settings: { environment: 'sandbox', product: 'data' },
      secrets: { access_key: SECRET, secret_key: SECRET },
    });
    const answer = await patch('merged', { settings: { product: null }, secrets: { secret_key: null } });

    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ settings: { environment: 'sandbox' }, secrets: { fields: ['access_key'] } });
    expect(answer.body.settings).not.toHaveProperty('product');
    const later = await patch('merged', { secrets: { secret_key: `${SECRET}-2` } });
    expect(later.body.secrets.fields.toSorted()).toEqual(['access_key', 'secret_key']);
    expect(answer.text + later.text + (await get('merged')).text).not.toContain(SECRET);
  });

  it('should be deleted with 204, and be absent then', async () => {
    await put('short-lived', { type: 'berbix' });
    const deleted = await broker.as().delete(at('short-lived'));

    expect([deleted.status, deleted.text]).toEqual([204, '']);
    expect((await get('short-lived')).body).toMatchObject({ status: 404, code: 'not_found', provider: 'short-lived' });
    expect((await broker.as().delete(at('short-lived'))).status).toBe(404);
    expect((await patch('short-lived', { settings: {} })).status).toBe(404);
  });

  it('should stay while connections exist: 409, also for another type', async () => {
    await put('busy', { type: 'klearstack' });
    const { settings, credential } = await sandbox.issue('klearstack');
    await broker.as().put(pathOf('busy', 'acme')).send({ settings, credential });

    const deleted = await broker.as().delete(at('busy'));
    const retyped = await put('busy', { type: 'klavi' });

    expect(deleted.body).toMatchObject({ status: 409, code: 'conflict', provider: 'busy' });
    expect(retyped.body).toMatchObject({ status: 409, code: 'conflict', provider: 'busy' });
    expect((await get('busy')).body.type).toBe('klearstack');
    expect((await put('busy', { type: 'klearstack', settings: { encoding: 'multipart' } })).status).toBe(200);

    await broker.as().delete(pathOf('busy', 'acme'));
    expect((await put('busy', { type: 'klavi' })).body.type).toBe('klavi');
    expect((await broker.as().delete(at('busy'))).status).toBe(204);
  });

  it.each([
    ['an unknown type', { type: 'okta' }, 'type'],
    ['no type', { settings: {} }, 'type'],
    ['a type that is no text', { type: ['onmeta'] }, 'type'],
    ['an unknown setting', { type: 'onmeta', settings: { colour: 'red' } }, 'settings.colour'],
    ['an unknown secret', { type: 'onmeta', secrets: { pin: 'x' } }, 'secrets.pin'],
    ['a secret among the settings', { type: 'onmeta', settings: { api_key: 'x' } }, 'settings.api_key'],
    ['a malformed base URL', { type: 'onmeta', settings: { base_url: 'ftp://x' } }, 'settings.base_url'],
    ['a base URL with a password', { type: 'onmeta', settings: { base_url: 'https://u:p@x' } }, 'settings.base_url'],
    ['a CA that is none', { type: 'klavi', settings: { ca_certificates: 'x' } }, 'settings.ca_certificates'],
    ['a CA that expired', { type: 'oauth2', settings: { ca_certificates: EXPIRED_CA } }, 'settings.ca_certificates'],
    ['a word that is no environment', { type: 'klavi', settings: { environment: 'moon' } }, 'settings.environment'],
    ['a secret with a line break', { type: 'berbix', secrets: { api_secret: 'a\nb' } }, 'secrets.api_secret'],
    ['a secret that is a number', { type: 'berbix', secrets: { api_secret: 7 } }, 'secrets.api_secret'],
    ['settings that are no object', { type: 'berbix', settings: 'x' }, 'settings'],
    ['an unknown member', { type: 'berbix', colour: 'red' }, 'colour'],
  ])('should not be configured with %s', async (_name, body, field) => {
    const { status, body: problem } = await put('refused', body);

    expect(status).toBe(400);
    expect(problem).toMatchObject({ code: 'invalid_request', errors: [{ field }] });
    expect((await get('refused')).status).toBe(404);
  });

  it('should name every refused field at once', async () => {
    const { body } = await put('refused', { type: 'klavi', settings: { environment: 1, product: 2 } });

    const fields = body.errors.map(({ field }: { field: string }) => field);
    expect(new Set(fields)).toEqual(new Set(['settings.environment', 'settings.product']));
  });

  it('should give connections their settings and secrets, on top of which the connection puts its own', async () => {
    const { settings, secrets, credential } = await sandbox.issue('onmeta');
    await put('shared', { type: 'onmeta', settings, secrets });
    await broker.as().put(pathOf('shared', 'plain')).send({ credential });
    await broker
      .as()
      .put(pathOf('shared', 'own'))
      .send({ settings: { base_url: 'http://127.0.0.1:1' }, credential });
    await broker.as().post(`${pathOf('shared', 'own')}/confirm-hosts`);
    const key = await broker.keyFor(['shared/*']);

    const plain = await broker.as(key).get('/providers/shared/token?connection=plain');
    const own = await broker.as(key).get('/providers/shared/token?connection=own');

    expect(plain.body).toMatchObject({ connection: 'plain', token_type: 'Bearer' });
    expect(own.body).toMatchObject({
      status: 503,
      code: 'provider_unavailable',
      upstream: { reason: 'connect_failed' },
    });
  });

  it('should be trusted by their private CA, for themselves alone and with no way around it', async () => {
    const server = createServer({ key: LEAF_KEY, cert: LEAF }, (_request, response) => {
      response.setHeader('content-type', 'application/json').end('{"access_token":"private","expires_in":3600}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const base_url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const body = { type: 'berbix', settings: { base_url, ca_certificates: PRIVATE_CA }, secrets: { api_secret: 's' } };
    await put('private', body);
    await put('public', { ...body, settings: { base_url } });

    expect(await refreshed('private')).toMatchObject({ outcome: 'ok' });
    expect(await refreshed('public')).toMatchObject({ outcome: 'not_sent', reason: 'tls_failure' });
    server.close();
  });

  it('should have their mended secrets used at once by connections that waited for that', async () => {
    const { settings, secrets, credential } = await sandbox.issue('berbix');
    await put('mended', { type: 'berbix', settings, secrets: { api_secret: 'wrong' } });
    await broker.as().put(pathOf('mended', 'acme')).send({ credential });
    const key = await broker.keyFor(['mended/*']);
    const before = await broker.as(key).get('/providers/mended/token?connection=acme');
    await patch('mended', { secrets });
    const after = await broker.as(key).get('/providers/mended/token?connection=acme');

    expect(before.body).toMatchObject({ status: 409, code: 'connection_misconfigured', upstream: { status: 401 } });
    expect(after.body).toMatchObject({ provider: 'mended', connection: 'acme', source: 'refresh' });
  });

  it('should belong to administrators', async () => {
    const key = await broker.keyFor(['*/*'], ['auditor']);

    for (const method of ['get', 'put', 'patch', 'delete'] as const) {
      expect((await broker.as(key)[method](at('onmeta')).send()).body).toMatchObject({
        status: 403,
        code: 'forbidden',
      });
    }
    expect((await broker.as(key).get('/admin/providers')).status).toBe(403);
  });

  it('should not be damaged by a connection that replaces nothing', async () => {
    const issued = await connect({ broker, sandbox }, 'monetate', 'acme');
    const again = await broker.as().put(pathOf('monetate', 'acme')).send(bodyOf(issued));

    expect(again.status).toBe(200);
    expect((await get('monetate')).body).toMatchObject({ settings: {}, secrets: { fields: [] } });
  });
});
