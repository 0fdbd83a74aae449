import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { bodyOf, broughtToken, connect, pathOf } from '../support/connect.js';
import { startTestSandbox } from '../support/sandbox.js';

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/;
const TIME = expect.stringMatching(RFC_3339);

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
const patch = (provider: string, name: string, body: object) => broker.as().patch(pathOf(provider, name)).send(body);
const get = (provider: string, name: string) => broker.as().get(pathOf(provider, name));
const token = (provider: string, name: string) =>
  broker.as(reader).get(`/providers/${provider}/token?connection=${name}`);

describe('GET of a connection', () => {
  it('should show exactly what the contract lists, before the first token', async () => {
    await put('klavi', 'shape', {
      settings: { base_url: 'http://127.0.0.1:1' },
      credential: { access_token: 'never-shown' },
      token: broughtToken('never-shown-either'),
    });
    const { status, body, text } = await get('klavi', 'shape');

    expect(status).toBe(200);
    expect(body).toEqual({
      provider: 'klavi',
      connection: 'shape',
      state: 'active',
      state_reason: null,
      settings: { base_url: 'http://127.0.0.1:1' },
      credential: { fields: ['access_token'], updated_at: TIME },
      token: { generation: 1, issued_at: TIME, expires_at: TIME },
      refresh: { next_at: TIME, last_attempt_at: null, last_outcome: null, consecutive_failures: 0, last_error: null },
      created_at: TIME,
      updated_at: TIME,
    });
    expect(text).not.toContain('never-shown');
  });

  it('should show a success', async () => {
    await connect({ broker, sandbox }, 'berbix', 'shape');
    await token('berbix', 'shape');

    expect((await get('berbix', 'shape')).body).toMatchObject({
      state: 'active',
      state_reason: null,
      token: { generation: 2, issued_at: TIME, expires_at: TIME },
      refresh: { next_at: TIME, last_attempt_at: TIME, last_outcome: 'ok', consecutive_failures: 0, last_error: null },
    });
  });

  it('should show why the provider refuses, and its status', async () => {
    const issued = await sandbox.issue('monetate');
    sandbox.revoke(issued.id);
    await put('monetate', 'refused', bodyOf(issued));
    await token('monetate', 'refused');
    const { body } = await get('monetate', 'refused');

    expect(body).toMatchObject({
      state: 'reauthorization_required',
      state_reason: { reason: expect.any(String), upstream_status: expect.any(Number) },
      token: null,
      refresh: {
        last_outcome: 'rejected',
        consecutive_failures: 1,
        last_error: { upstream_status: expect.any(Number) },
      },
    });
    expect([401, 403]).toContain(body.state_reason.upstream_status);
  });

  it('should answer 404 for one that is absent', async () => {
    expect((await get('onmeta', 'absent')).body).toMatchObject({
      status: 404,
      code: 'not_found',
      provider: 'onmeta',
      connection: 'absent',
    });
  });
});

describe('PATCH of a connection', () => {
  it('should merge settings and credential, null removing a field, and keep what it does not name', async () => {
    await connect({ broker, sandbox }, 'klearstack', 'merged');
    const { status, body } = await patch('klearstack', 'merged', {
      settings: { company_name: 'other', encoding: null },
      credential: { password: null, username: null },
    });

    expect(status).toBe(200);
    expect(body.settings).toEqual({ base_url: expect.any(String), company_name: 'other' });
    expect(body.credential.fields.toSorted()).toEqual(['access_token', 'refresh_token']);
  });

  it('should re-activate a connection that waits for a new credential', async () => {
    const dead = await sandbox.issue('berbix');
    sandbox.revoke(dead.id, 'refresh');
    await put('berbix', 'waiting', bodyOf(dead));
    const refused = await token('berbix', 'waiting');
    const fresh = await sandbox.issue('berbix');
    const patched = await patch('berbix', 'waiting', { credential: fresh.credential });
    const served = await token('berbix', 'waiting');

    expect(refused.body).toMatchObject({ status: 409, code: 'reauthorization_required' });
    expect(patched.body).toMatchObject({ state: 'active', state_reason: null, refresh: { consecutive_failures: 0 } });
    expect(served.status).toBe(200);
    expect(sandbox.lookup(served.body.access_token)).toMatchObject({ credential: fresh.id, live: true });
  });

  it('should re-activate a connection that waits for a setting', async () => {
    const issued = await sandbox.issue('klearstack');
    sandbox.fault('klearstack', { kind: 'answer', id: 'missing_company_name', credential: issued.id });
    await put('klearstack', 'misset', bodyOf(issued));
    const refused = await token('klearstack', 'misset');
    await patch('klearstack', 'misset', { settings: { company_name: 'acme' } });

    expect(refused.body).toMatchObject({
      status: 409,
      code: 'connection_misconfigured',
      parameter: 'company_name',
      upstream: { status: 500, reason: 'missing_parameter' },
    });
    expect((await token('klearstack', 'misset')).status).toBe(200);
  });

  it('should not re-activate a connection that waits by changing nothing', async () => {
    const dead = await sandbox.issue('berbix');
    sandbox.revoke(dead.id, 'refresh');
    await put('berbix', 'still-waiting', bodyOf(dead));
    await token('berbix', 'still-waiting');
    const asked = sandbox.requests({ credential: dead.id }).length;
    const patched = await patch('berbix', 'still-waiting', {});

    expect(patched.body).toMatchObject({ state: 'reauthorization_required' });
    expect((await token('berbix', 'still-waiting')).status).toBe(409);
    expect(sandbox.requests({ credential: dead.id })).toHaveLength(asked);
  });

  it('should store a token that is brought along', async () => {
    const issued = await connect({ broker, sandbox }, 'onmeta', 'topped-up', { token: broughtToken('first') });
    await patch('onmeta', 'topped-up', { token: broughtToken('second') });

    expect((await token('onmeta', 'topped-up')).body).toMatchObject({ access_token: 'second', generation: 2 });
    expect(sandbox.requests({ credential: issued.id })).toEqual([]);
  });

  it('should bind at once for a token that is cached', async () => {
    await connect({ broker, sandbox }, 'onmeta', 'cached', { token: broughtToken('old') });
    await token('onmeta', 'cached');
    await token('onmeta', 'cached');
    await patch('onmeta', 'cached', { token: broughtToken('new') });

    expect((await token('onmeta', 'cached')).body.access_token).toBe('new');
  });

  it.each([
    ['a field that must stay', { credential: { refresh_token: null, email: null } }, 'credential.refresh_token'],
    ['a malformed URL', { settings: { base_url: 'nonsense' } }, 'settings.base_url'],
    ['an unknown field', { credential: { pin: 'x' } }, 'credential.pin'],
    ['settings that are null', { settings: null }, 'settings'],
    ['a credential that is null', { credential: null }, 'credential'],
    ['a token that is null', { token: null }, 'token'],
    ['a name', { connection: 'other' }, 'connection'],
  ])('should refuse %s by name, and change nothing', async (_name, body, field) => {
    await connect({ broker, sandbox }, 'onmeta', 'unchanged');
    const { body: before } = await get('onmeta', 'unchanged');
    const answer = await patch('onmeta', 'unchanged', body);

    expect(answer.body).toMatchObject({ status: 400, errors: [{ field }] });
    expect((await get('onmeta', 'unchanged')).body.credential).toEqual(before.credential);
  });

  it('should answer 404 for one that is absent', async () => {
    expect((await patch('onmeta', 'absent', { settings: {} })).body).toMatchObject({ status: 404, code: 'not_found' });
  });
});

describe('DELETE of a connection', () => {
  it('should forget it, its credential and its token', async () => {
    await connect({ broker, sandbox }, 'onmeta', 'forgotten', { token: broughtToken('gone') });
    await token('onmeta', 'forgotten');
    const deleted = await broker.as().delete(pathOf('onmeta', 'forgotten'));

    expect([deleted.status, deleted.text]).toEqual([204, '']);
    expect((await get('onmeta', 'forgotten')).status).toBe(404);
    expect((await token('onmeta', 'forgotten')).body).toMatchObject({ status: 404, code: 'not_found' });
    expect((await broker.as().delete(pathOf('onmeta', 'forgotten'))).status).toBe(404);
  });
});

it('should be for administrators only', async () => {
  const auditor = await broker.keyFor(['*/*'], ['auditor']);

  for (const method of ['get', 'put', 'patch', 'delete'] as const) {
    expect((await broker.as(auditor)[method](pathOf('onmeta', 'x')).send()).status).toBe(403);
  }
  for (const action of ['refresh', 'pause', 'resume']) {
    expect((await broker.as(auditor).post(`${pathOf('onmeta', 'x')}/${action}`)).status).toBe(403);
  }
  expect((await broker.as(auditor).get('/admin/connections')).status).toBe(403);
});
