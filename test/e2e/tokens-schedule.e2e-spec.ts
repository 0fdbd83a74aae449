import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { IssueOptions, Sandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { connect, pathOf } from '../support/connect.js';
import { eventually } from '../support/eventually.js';
import { startTestSandbox } from '../support/sandbox.js';
import { sql } from '../support/test-database.js';
import { type Asked, TokenClient } from '../support/token-client.js';

let sandbox: Sandbox;
let broker: TestBroker;
let service: TokenClient;
/** Renewed from the start on, so that no test waits for it. */
let rolling: Awaited<ReturnType<typeof newConnection>>;
let counting: Awaited<ReturnType<typeof startCountingProvider>>;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  counting = await startCountingProvider();
  broker = await startBroker();
  service = new TokenClient(broker, await broker.keyFor(['*/*']));
  rolling = await newConnection('klavi', 'rolling', { ttl_seconds: 10, old_token_dies: true });
});

afterAll(async () => {
  await service?.close();
  await broker?.stop();
  await sandbox?.close();
  await counting?.close();
});

const newConnection = async (provider: string, connection: string, options: IssueOptions = {}) => {
  const { id } = await connect({ broker, sandbox }, provider, connection, options);
  const path = pathOf(provider, connection);
  return {
    id,
    get: (asked: Asked = {}) => service.get(provider, { connection, ...asked }),
    act: async (action: 'pause' | 'resume' | 'refresh') => (await broker.as().post(`${path}/${action}`)) as Answer,
    view: async () => (await broker.as().get(path)).body as Answer['body'],
    requests: () => sandbox.requests({ credential: id }),
    refreshed: (times: number) =>
      eventually(() => expect(sandbox.requests({ credential: id }).length).toBeGreaterThanOrEqual(times), 10_000),
    /** What the log says of its attempts, oldest first. */
    events: async () => {
      const { body } = await broker.as().get('/audit/events').query({ provider, connection, limit: 100 });
      const { items } = body as { items: readonly { readonly action: string; readonly outcome: string }[] };
      return items.toReversed().filter(({ action }) => action.startsWith('refresh.'));
    },
  };
};

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

describe('scheduled refresh', () => {
  it('should get the first token of a new connection before anybody asks', async () => {
    const sut = await newConnection('berbix', 'new');
    await sut.refreshed(1);
    const view = await eventually(async () => {
      const { token, ...rest } = await sut.view();
      expect(token).toMatchObject({ generation: 2 });
      return rest;
    });
    expect(view).toMatchObject({ state: 'active', refresh: { last_outcome: 'ok', last_error: null } });
    expect(await sut.get()).toMatchObject({ status: 200, body: { generation: 2, source: 'cache' } });
    expect(sut.requests()).toHaveLength(1);
  });

  it('should renew short-lived tokens ahead of their expiry, so that no caller ever waits', async () => {
    const sut = await newConnection('berbix', 'short', { ttl_seconds: 12 });
    await sut.refreshed(1);
    const sources = new Set<string>();
    const tokens = new Set<string>();
    await eventually(async () => {
      const { status, body } = await sut.get({ min_ttl: 0 });
      expect(status).toBe(200);
      sources.add(body.source);
      tokens.add(body.access_token);
      expect(sandbox.lookup(body.access_token)).toMatchObject({ live: true, credential: sut.id });
      expect(sut.requests().length).toBeGreaterThanOrEqual(3);
    }, 20_000);
    expect(tokens.size).toBeGreaterThanOrEqual(2);
    expect(new Set(sut.requests().map(({ answer }) => answer))).toEqual(new Set(['success']));
    const started = (await sut.events()).filter(({ action }) => action === 'refresh.started');
    const system = { actor: { type: 'system' }, reason: 'schedule_refresh' };
    started.forEach((event) => expect(event).toMatchObject(system));
    expect(sources).toEqual(new Set(['cache']));
  }, 30_000);

  it('should renew a rolling credential with the token before, until nobody needs to log in again', async () => {
    await rolling.refreshed(3);
    const steps = rolling.requests().map(({ step, answer }) => `${step}: ${answer}`);
    expect(new Set(steps)).toEqual(new Set(['refresh: success']));
  }, 30_000);

  it('should need fewer connections to a provider than requests where these may be repeated', async () => {
    const settings = { token_url: counting.url, client_id: 'client', rotation: 'static' };
    const secrets = { client_secret: 'a-client-secret' };
    await broker.as().put('/admin/providers/counting').send({ type: 'oauth2', settings, secrets }).expect(201);
    for (let index = 0; index < 12; index += 1) {
      const credential = { refresh_token: `refresh-${index}` };
      await broker
        .as()
        .put(pathOf('counting', `one-${index}`))
        .send({ credential })
        .expect(201);
    }
    await untilGeneration(2);
    await sql(`update connections set refresh_at = clock_timestamp() where provider = 'counting'`);
    await untilGeneration(3);

    expect(counting).toMatchObject({ requests: 24, credentials: expect.objectContaining({ size: 12 }) });
    expect(counting.connections).toBeLessThan(24);
  }, 30_000);
});

describe('a provider that closes the connection after it processed the request', () => {
  it('should leave an unknown outcome, which is tried again after the back-off', async () => {
    const issued = await sandbox.issue('berbix');
    sandbox.fault('berbix', { kind: 'close_after', credential: issued.id });
    const { settings, secrets, credential } = issued;
    await broker
      .as()
      .put(pathOf('berbix', 'lost'))
      .send({ settings, credential: { ...secrets, ...credential } })
      .expect(201);
    const unavailable = { code: 'provider_unavailable', upstream: { status: null, reason: 'connection_reset' } };
    expect(await service.get('berbix', { connection: 'lost' })).toMatchObject({ status: 503, body: unavailable });
    const requests = () => sandbox.requests({ credential: issued.id });
    await eventually(() => expect(requests()).toHaveLength(2), 10_000);
    const [first, second] = requests();
    expect(first).toMatchObject({ processed: true, status: null, fault: 'close_after' });
    expect(second).toMatchObject({ processed: true, answer: 'success', fault: null });
    const waited = Date.parse(second?.at ?? '') - Date.parse(first?.at ?? '');
    expect(waited).toBeGreaterThanOrEqual(1000);
    await eventually(async () => {
      expect(await service.get('berbix', { connection: 'lost' })).toMatchObject({
        status: 200,
        body: { warnings: [] },
      });
    });
    const rows = await sql<{ outcome: string }>(
      `select a.outcome from attempts a join connections c on c.id = a.connection_id where c.name = 'lost' order by opened_at`,
    );
    expect(rows.map(({ outcome }) => outcome)).toEqual(['unknown', 'ok']);
  }, 20_000);
});

describe('pause and resume', () => {
  it('should hand out nothing and send nothing while it is paused, and go on when it is resumed', async () => {
    const sut = await newConnection('onmeta', 'paused');
    await sut.refreshed(1);
    await eventually(async () => expect((await sut.get()).status).toBe(200));
    expect(await sut.act('pause')).toMatchObject({ status: 200, body: { state: 'paused' } });
    const paused = { status: 409, body: { code: 'connection_paused', connection: 'paused' } };
    expect(await sut.get()).toMatchObject(paused);
    expect(await sut.get({ min_ttl: 86_400 })).toMatchObject(paused);
    expect(await service.post('onmeta', { connection: 'paused', rejected_generation: 2 })).toMatchObject(paused);
    expect(await sut.act('refresh')).toMatchObject(paused);
    await sql(`update connections set refresh_at = clock_timestamp() where name = 'paused'`);
    const other = await newConnection('onmeta', 'canary');
    await other.refreshed(1);
    expect(sut.requests()).toHaveLength(1);
    expect(await sut.act('resume')).toMatchObject({ status: 200, body: { state: 'active' } });
    expect(await sut.get()).toMatchObject({ status: 200 });
    await sut.refreshed(2);
  });
});

const untilGeneration = (generation: number) =>
  eventually(async () => {
    const rows = await sql(`select from connections where provider = 'counting' and generation = $1`, [generation]);
    expect(rows).toHaveLength(12);
  }, 10_000);

/** Grants a token to whatever it is asked, and counts. */
async function startCountingProvider() {
  const credentials = new Set<string>();
  const counted = { credentials, requests: 0, connections: 0 };
  const server = createServer(async (request, response) => {
    counted.requests += 1;
    const grant = { access_token: `access-${counted.requests}`, token_type: 'Bearer', expires_in: 3600 };
    credentials.add(new URLSearchParams(await text(request)).get('refresh_token') ?? '');
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(grant));
  });
  server.on('connection', () => (counted.connections += 1)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  const close = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return Object.assign(counted, { url, close });
}
