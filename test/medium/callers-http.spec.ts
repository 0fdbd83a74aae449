import { AuditModule } from '@app/audit';
import { ApiKeyService, CallerService, CallersModule, newApiKey, NO_FIELDS } from '@app/callers';
import { ConfigModule } from '@app/config';
import { generateKeyFile, Keyring } from '@app/crypto';
import { Database, DatabaseModule } from '@app/database';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { ApiKeysController } from '../../apps/broker/src/admin/callers/api-keys.controller.js';
import { CallersController } from '../../apps/broker/src/admin/callers/callers.controller.js';
import { Admission } from '../../apps/broker/src/http/admission.js';
import { AuthenticationGuard } from '../../apps/broker/src/http/authentication.guard.js';
import { IdentityHeader } from '../../apps/broker/src/http/identity.header.js';
import { RequestCaller } from '../../apps/broker/src/http/request.caller.js';
import { ProblemFilter } from '../../apps/broker/src/http/problem.filter.js';
import { createValidationPipe } from '../../apps/broker/src/http/validation.pipe.js';
import { LimitsModule } from '../../apps/broker/src/limits/limits.module.js';
import { libraryConfig, SilentLogModule } from '../support/library.js';

/** The keys that all replicas share. */
const keyring = new Keyring(generateKeyFile());

/** The controllers behind the guard, pipe and filter of the application. */
async function startApp(): Promise<NestFastifyApplication> {
  const module = await Test.createTestingModule({
    imports: [
      ConfigModule.with(libraryConfig),
      SilentLogModule,
      DatabaseModule,
      AuditModule,
      CallersModule,
      LimitsModule,
    ],
    controllers: [CallersController, ApiKeysController],
    providers: [
      Admission,
      IdentityHeader,
      RequestCaller,
      { provide: APP_GUARD, useClass: AuthenticationGuard },
      { provide: APP_FILTER, useClass: ProblemFilter },
    ],
  })
    .overrideProvider(Keyring)
    .useValue(keyring)
    .compile();
  const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  app.useGlobalPipes(createValidationPipe());
  await app.listen(0, '127.0.0.1');
  return app;
}

describe('/admin/callers', () => {
  const adminKey = newApiKey().text;
  let app: NestFastifyApplication;

  beforeAll(async () => {
    app = await startApp();
    await app.get(CallerService).ensureAdmin(adminKey);
  });

  afterAll(async () => {
    await app.close();
    await app.get(Database).close();
  });

  beforeEach(() => execute("delete from callers where name <> 'admin'"));

  const execute = (text: string): Promise<object[]> => app.get(Database).query({ text, values: [] });

  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${await app.getUrl()}/admin/callers${path}`, init);
    const text = await answer.text();
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    return { status: answer.status, etag: answer.headers.get('etag'), body };
  };

  const send = (method: string, path: string, body?: object, ifMatch?: string) =>
    ask(path, {
      method,
      headers: {
        authorization: `Bearer ${adminKey.reveal()}`,
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  it('should create with 201, replace with 200, and show what was stored', async () => {
    const created = await send('PUT', '/billing', {
      description: 'bills',
      rules: ['klavi/*'],
      expires_at: '2030-01-01T00:00:00Z',
    });
    const replaced = await send('PUT', '/billing', { rules: ['berbix/prod-*'] });
    expect([created.status, created.etag, replaced.status, replaced.etag]).toEqual([201, '"1"', 200, '"2"']);
    expect(created.body).toEqual({
      name: 'billing',
      description: 'bills',
      roles: [],
      identities: [],
      rules: ['klavi/*'],
      expires_at: '2030-01-01T00:00:00Z',
      created_at: expect.stringMatching(/Z$/),
      updated_at: expect.stringMatching(/Z$/),
    });
    await expect(send('GET', '/billing')).resolves.toEqual(
      expect.objectContaining({ status: 200, etag: '"2"', body: replaced.body }),
    );
  });

  it('should change only what is sent, and clear an expiry with null', async () => {
    await send('PUT', '/billing', { description: 'bills', rules: ['klavi/*'], expires_at: '2030-01-01T00:00:00Z' });
    const { status, body } = await send('PATCH', '/billing', { expires_at: null, roles: ['auditor'] });
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({ description: 'bills', rules: ['klavi/*'], roles: ['auditor'], expires_at: null }),
    ]);
  });

  it('should guard changes with If-Match', async () => {
    await send('PUT', '/billing', {});
    const stale = [
      await send('PUT', '/billing', {}, '"7"'),
      await send('PATCH', '/billing', {}, '"7"'),
      await send('DELETE', '/billing', undefined, '"7"'),
    ];
    expect(stale.map(({ status }) => status)).toEqual([412, 412, 412]);
    await expect(send('DELETE', '/billing', undefined, '"1"')).resolves.toMatchObject({ status: 204, body: undefined });
    await expect(send('GET', '/billing')).resolves.toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it('should list page by page', async () => {
    await Promise.all(['a', 'b'].map((name) => send('PUT', `/${name}`, {})));
    const first = (await send('GET', '?limit=2')).body as { items: { name: string }[]; next_cursor: string };
    const second = (await send('GET', `?limit=2&cursor=${first.next_cursor}`)).body;
    expect(first.items.map(({ name }) => name)).toEqual(['a', 'admin']);
    expect(second).toMatchObject({ items: [{ name: 'b' }], next_cursor: null });
  });

  it('should issue a key that works, list it without what it is, and revoke it', async () => {
    await send('PUT', '/billing', { roles: ['admin'] });
    const issued = await send('POST', '/billing/keys', { expires_at: '2099-01-01T00:00:00Z' });
    const { key_id, key } = issued.body as { key_id: string; key: string };
    const use = () => ask('', { headers: { authorization: `Bearer ${key}` } });
    expect(issued).toMatchObject({ status: 201, body: { expires_at: '2099-01-01T00:00:00Z' } });
    expect((await use()).status).toBe(200);
    const listed = await send('GET', '/billing/keys');
    expect(listed.body).toEqual({
      items: [
        {
          key_id,
          created_at: expect.any(String),
          expires_at: '2099-01-01T00:00:00Z',
          revoked_at: null,
          last_used_at: null,
        },
      ],
      next_cursor: null,
    });
    const revoked = [await send('DELETE', `/billing/keys/${key_id}`), await send('DELETE', `/billing/keys/${key_id}`)];
    expect(revoked.map(({ status }) => status)).toEqual([204, 204]);
    expect((await use()).status).toBe(401);
  });

  it('should issue a key without a body, which does not expire', async () => {
    await send('PUT', '/billing', {});
    await expect(send('POST', '/billing/keys')).resolves.toMatchObject({ status: 201, body: { expires_at: null } });
  });

  it.each([
    ['PUT', '/Billing', {}, 'caller'],
    ['PUT', '/billing', { rules: ['klavi'] }, 'rules'],
    ['PUT', '/billing', { roles: ['root'] }, 'roles'],
    ['PUT', '/billing', { scope: 'x' }, 'scope'],
    ['PATCH', '/admin', { description: null }, 'description'],
    ['PATCH', '/admin', { expires_at: 'soon' }, 'expires_at'],
    ['POST', '/admin/keys', { expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    ['DELETE', '/admin/keys/short', undefined, 'key_id'],
    ['GET', '?limit=0', undefined, 'limit'],
    ['GET', '?cursor=!', undefined, 'cursor'],
    ['GET', '?page=2', undefined, 'page'],
    ['GET', '/admin/keys?cursor=x', undefined, 'cursor'],
  ] as const)('should refuse %s %s %j by the name of the field', async (method, path, body, field) => {
    await expect(send(method, path, body)).resolves.toMatchObject({ status: 400, body: { errors: [{ field }] } });
  });

  it('should be for administrators only', async () => {
    await app.get(CallerService).put({ actor: { type: 'system' } }, 'auditor', {
      ...NO_FIELDS,
      roles: ['auditor'],
      rules: ['*/*'],
    });
    const { key } = await app.get(ApiKeyService).issue({ actor: { type: 'system' } }, 'auditor', null);
    const headers = { authorization: `Bearer ${key.reveal()}` };
    expect((await ask('', { headers })).status).toBe(403);
    expect((await ask('')).status).toBe(401);
  });
});
