import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
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

afterEach(() => sandbox.clearFaults());

const act = (provider: string, name: string, action: string) => broker.as().post(`${pathOf(provider, name)}/${action}`);
const get = async (provider: string, name: string) => (await broker.as().get(pathOf(provider, name))).body;
const token = (provider: string, name: string) =>
  broker.as(reader).get(`/providers/${provider}/token?connection=${name}`);

/** A connection that holds a token, so that nothing but the test asks its provider. */
const settled = (provider: string, name: string) =>
  connect({ broker, sandbox }, provider, name, { token: broughtToken(`${name}-brought`, 86_400) });

describe('refresh now', () => {
  it.each(['onmeta', 'monetate', 'klearstack', 'klavi', 'berbix'])(
    'should make one attempt at %s and answer its outcome, never the token',
    async (provider) => {
      const issued = await settled(provider, 'now');
      const answer = await act(provider, 'now', 'refresh');
      const served = await token(provider, 'now');

      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        outcome: 'ok',
        reason: null,
        upstream_status: 200,
        connection: await get(provider, 'now'),
      });
      expect(answer.body.connection).toMatchObject({ state: 'active', token: { generation: 2 } });
      expect(sandbox.requests({ credential: issued.id })).toHaveLength(1);
      expect(served.body).toMatchObject({ generation: 2, source: 'cache' });
      expect(answer.text).not.toContain(served.body.access_token);
    },
  );

  it.each([
    [
      'klavi',
      { kind: 'answer', id: 'server_error' },
      { outcome: 'unknown', reason: 'server_error', upstream_status: 500 },
    ],
    [
      'onmeta',
      { kind: 'rate_limited', retry_after: 60 },
      { outcome: 'not_sent', reason: 'rate_limited', upstream_status: 429 },
    ],
    [
      'berbix',
      { kind: 'close_before', reset: true },
      { outcome: 'unknown', reason: 'connection_reset', upstream_status: null },
    ],
    [
      'onmeta',
      { kind: 'respond', status: 200, body: '<html>' },
      { outcome: 'unknown', reason: 'unreadable_answer', upstream_status: 200 },
    ],
  ] as const)('should answer what went wrong at %s: %j', async (provider, fault, report) => {
    const issued = await settled(provider, `failing-${report.reason.replaceAll('_', '-')}`);
    sandbox.fault(provider, { ...fault, credential: issued.id });
    const name = `failing-${report.reason.replaceAll('_', '-')}`;
    const answer = await act(provider, name, 'refresh');

    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      ...report,
      connection: { state: 'active', refresh: { last_outcome: report.outcome, consecutive_failures: 1 } },
    });
  });

  it.each([
    ['berbix', 'bad_refresh_token', 'rejected', 'unauthorized', 401, 'reauthorization_required'],
    ['monetate', 'forbidden_revoked', 'rejected', 'forbidden', 403, 'reauthorization_required'],
    ['berbix', 'bad_secret', 'misconfigured', 'invalid_client', 401, 'misconfigured'],
    ['klearstack', 'missing_company_name', 'misconfigured', 'missing_parameter', 500, 'misconfigured'],
  ])('should answer that %s refuses (%s), and send nothing more until that changes', async (...row) => {
    const [provider, id, outcome, reason, status, state] = row;
    const name = id.replaceAll('_', '-');
    const { username: _user, password: _password, ...credential } = (await settled(provider, name)).credential;
    const issued = await sandbox.issue(provider, { credential });
    if (provider === 'klearstack') {
      await broker.as().put(pathOf(provider, name)).send({ settings: issued.settings, credential });
    }
    sandbox.fault(provider, { kind: 'answer', id });
    const answer = await act(provider, name, 'refresh');
    const asked = sandbox.requests({ provider }).length;
    const again = await act(provider, name, 'refresh');

    expect(answer.body).toMatchObject({ outcome, reason, upstream_status: status, connection: { state } });
    expect(answer.body.connection.state_reason).toMatchObject({ reason, upstream_status: status });
    expect(again.body).toMatchObject({ status: 409, provider, connection: name, upstream: { status, reason } });
    expect(sandbox.requests({ provider })).toHaveLength(asked);
  });

  it('should tell the status that the provider answered, whichever success it was', async () => {
    const { id } = await settled('berbix', 'created');
    sandbox.fault('berbix', { kind: 'modify', status: 201, credential: id });
    expect((await act('berbix', 'created', 'refresh')).body).toMatchObject({ outcome: 'ok', upstream_status: 201 });
  });

  it('should not wait for the back-off of earlier failures', async () => {
    const { id } = await settled('onmeta', 'impatient');
    sandbox.fault('onmeta', { kind: 'rate_limited', retry_after: 3600, credential: id });
    await act('onmeta', 'impatient', 'refresh');

    expect((await act('onmeta', 'impatient', 'refresh')).body).toMatchObject({
      outcome: 'ok',
      connection: { refresh: { consecutive_failures: 0, last_error: null } },
    });
  });

  it('should win a lost credential back where the fields for it are there', async () => {
    const issued = await sandbox.issue('klavi');
    sandbox.revoke(issued.id, 'access');
    await broker
      .as()
      .put(pathOf('klavi', 'won-back'))
      .send({ ...bodyOf(issued), token: broughtToken('dead', 86_400) });

    expect((await act('klavi', 'won-back', 'refresh')).body).toMatchObject({ outcome: 'ok', upstream_status: 200 });
    expect(sandbox.lookup((await token('klavi', 'won-back')).body.access_token)).toMatchObject({ live: true });
  });

  it('should answer 404 for a connection that is absent', async () => {
    for (const action of ['refresh', 'pause', 'resume']) {
      expect((await act('onmeta', 'absent', action)).body).toMatchObject({
        status: 404,
        code: 'not_found',
        provider: 'onmeta',
        connection: 'absent',
      });
    }
  });
});

describe('pause and resume', () => {
  it('should answer the connection', async () => {
    await settled('onmeta', 'answered');
    const paused = await act('onmeta', 'answered', 'pause');
    const seenPaused = await get('onmeta', 'answered');
    const resumed = await act('onmeta', 'answered', 'resume');

    expect([paused.status, resumed.status]).toEqual([200, 200]);
    expect(paused.body).toEqual(seenPaused);
    expect(paused.body.state).toBe('paused');
    expect(resumed.body).toMatchObject({ connection: 'answered', state: 'active', token: { generation: 1 } });
  });

  it('should answer its ETag too', async () => {
    await settled('onmeta', 'tagged');
    const paused = await act('onmeta', 'tagged', 'pause');
    const read = await broker.as().get(pathOf('onmeta', 'tagged'));

    expect(paused.headers['etag']).toMatch(/^"\d+"$/);
    expect(paused.headers['etag']).toBe(read.headers['etag']);
  });

  it('should hand out nothing and send nothing while paused, though a token lives and is cached', async () => {
    const { id } = await settled('onmeta', 'held');
    await token('onmeta', 'held');
    await token('onmeta', 'held');
    await act('onmeta', 'held', 'pause');

    expect((await token('onmeta', 'held')).body).toMatchObject({ status: 409, code: 'connection_paused' });
    expect((await act('onmeta', 'held', 'refresh')).body).toMatchObject({ status: 409, code: 'connection_paused' });
    expect(sandbox.requests({ credential: id })).toEqual([]);

    await act('onmeta', 'held', 'resume');
    expect((await token('onmeta', 'held')).body).toMatchObject({ connection: 'held', token_type: 'Bearer' });
  });

  it('should stay paused when its credential or settings are changed', async () => {
    const { settings, credential } = await settled('onmeta', 'stays');
    await act('onmeta', 'stays', 'pause');

    const patched = await broker.as().patch(pathOf('onmeta', 'stays')).send({ settings, credential });
    expect(patched.body.state).toBe('paused');
    expect((await token('onmeta', 'stays')).body.code).toBe('connection_paused');
  });
});
