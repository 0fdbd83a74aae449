import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect as openSocket } from 'node:net';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { Draining } from '../../apps/broker/src/health/draining.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { connect, pathOf } from '../support/connect.js';
import { eventually } from '../support/eventually.js';
import { startTestSandbox } from '../support/sandbox.js';
import { breakAudit, sql } from '../support/test-database.js';

let sandbox: Sandbox;
let broker: TestBroker;

const get = (path: string, of = broker) => fetch(`${of.url}${path}`);
const readiness = async (of = broker) => {
  const answer = await get('/health/ready', of);
  return { status: answer.status, body: await answer.json() };
};
const CHECKS = { database: true, migrations: true, audit: true, serving: true };

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
});

afterAll(async () => {
  await broker?.stop();
  await sandbox?.close();
});

describe('health', () => {
  it('should be live and ready without a key, and not be cached', async () => {
    const live = await get('/health/live');

    expect([live.status, live.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(await readiness()).toEqual({ status: 200, body: { ready: true, checks: CHECKS } });
  });

  it('should not be ready while the audit log cannot be appended, and be so by itself when it can', async () => {
    const mend = await breakAudit();
    const refused = await broker.as().put('/admin/callers/unrecorded').send({});
    const during = await readiness();
    await mend();

    expect(refused.body.code).toBe('audit_unavailable');
    expect(during).toEqual({ status: 503, body: { ready: false, checks: { ...CHECKS, audit: false } } });
    expect((await get('/health/live')).status).toBe(200);
    await eventually(async () => expect((await readiness()).status).toBe(200));
  });

  it('should not be ready while the database takes no writes', async () => {
    const [{ name } = { name: '' }] = await sql<{ name: string }>('select current_database() as name');
    const replica = await startBroker({ replicaOf: broker });
    try {
      await sql(`alter database ${name} set default_transaction_read_only = on`);
      await sql(`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`);
      await eventually(async () =>
        expect(await readiness(replica)).toMatchObject({ status: 503, body: { checks: { database: false } } }),
      );
      expect((await get('/health/live', replica)).status).toBe(200);
    } finally {
      const again = `set default_transaction_read_only = off; alter database ${name} reset default_transaction_read_only`;
      await sql(`begin read write; ${again}; commit`);
      await sql(`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`);
      await eventually(async () => expect((await readiness(replica)).status).toBe(200));
      await eventually(async () => expect((await readiness()).status).toBe(200));
      await replica.stop();
    }
  });

  it('should not be ready while it drains, though it lives, and begin no new request', async () => {
    const replica = await startBroker({ replicaOf: broker });
    replica.app.get(Draining).begin();
    const refused = await replica.as(broker.adminKey).get('/admin/providers');

    expect(await readiness(replica)).toEqual({
      status: 503,
      body: { ready: false, checks: { ...CHECKS, serving: false } },
    });
    expect((await get('/health/live', replica)).status).toBe(200);
    expect(refused.body).toMatchObject({
      status: 503,
      code: 'shutting_down',
      instance: refused.headers['x-request-id'],
    });
    expect(refused.headers['retry-after']).toBe('1');
    await replica.stop();
  });

  it('should stop although a connection is open that never sent a request', async () => {
    const replica = await startBroker({ replicaOf: broker });
    const socket = openSocket(Number(new URL(replica.url).port), '127.0.0.1');
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    await replica.stop();
    await closed;
    expect(socket.destroyed).toBe(true);
  });

  it('should finish a request under way before it stops', async () => {
    const replica = await startBroker({ replicaOf: broker });
    sandbox.fault('onmeta', { kind: 'delay', ms: 800 });
    const { id } = await connect({ broker: replica, sandbox }, 'onmeta', 'finishing');
    await eventually(() => expect(sandbox.requests({ credential: id })).toHaveLength(1));
    const refresh = replica
      .as()
      .post(`${pathOf('onmeta', 'finishing')}/refresh`)
      .then(({ status }) => status);
    await eventually(() => expect(replica.app.get(Draining).underWay).toBeGreaterThan(0));
    await replica.stop();
    expect(await refresh).toBe(200);
  });
});

/** The value of the first line that begins so. */
function valueIn(text: string, start: string): number {
  const line = text.split('\n').find((each) => each.startsWith(start));
  return Number(line?.split(' ')[1]);
}

describe('/metrics', () => {
  /** Each metric that an operator was promised, with a label of it. */
  const METRICS = [
    ['claviger_http_requests_total', 'route="/providers/:provider/token"'],
    ['claviger_http_request_seconds_bucket', 'route="/providers/:provider/token"'],
    ['claviger_refreshes_total', 'provider="berbix",outcome="ok"'],
    ['claviger_refreshes_total', 'provider="berbix",outcome="rejected"'],
    ['claviger_refresh_seconds_count', 'provider="berbix"'],
    ['claviger_tokens_issued_total', 'provider="berbix",source="refresh"'],
    ['claviger_tokens_issued_total', 'provider="berbix",source="cache"'],
    ['claviger_tokens_refused_total', 'code="reauthorization_required"'],
    ['claviger_connections', 'provider="berbix",state="active"'],
    ['claviger_connections', 'provider="berbix",state="reauthorization_required"'],
    ['claviger_cache_lookups_total', 'result="hit"'],
    ['claviger_cache_lookups_total', 'result="miss"'],
    ['claviger_cache_entries', ''],
    ['claviger_audit_append_seconds_bucket', ''],
    ['claviger_audit_failures_total', ''],
    ['claviger_seconds_to_next_expiry', 'provider="berbix"'],
  ] as const;
  let type: string;
  let text: string;

  beforeAll(async () => {
    const reader = await broker.keyFor(['*/*']);
    const ask = (connection: string) => broker.as(reader).get(`/providers/berbix/token?connection=${connection}`);
    // Paused at first, so that the scheduler does not fetch what this reader is to fetch.
    const issued = await sandbox.issue('berbix');
    await broker.as().patch('/admin/providers/berbix').send({ settings: issued.settings, secrets: issued.secrets });
    await broker.as().put(pathOf('berbix', 'good')).send({ credential: issued.credential });
    await ask('good');
    await broker
      .as(reader)
      .post('/providers/berbix/token')
      .send({ connection: 'good', rejected_generation: (await ask('good')).body.generation });
    await ask('good');
    const dead = await connect({ broker, sandbox }, 'berbix', 'bad');
    sandbox.revoke(dead.id, 'refresh');
    await broker.as(reader).post('/providers/berbix/token').send({ connection: 'bad', rejected_generation: 2 });
    await ask('bad');
    const answer = await get('/metrics');
    type = answer.headers.get('content-type') ?? '';
    text = await answer.text();
  });

  it.each(METRICS)('should have %s{%s}', (name, labels) => {
    const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));

    expect(lines.filter((line) => line.includes(labels))).not.toEqual([]);
    expect(text).toContain(`# HELP ${name.replace(/_(bucket|count)$/, '')} `);
  });

  it('should be what Prometheus reads', () => {
    expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
    const LINE = /^(|# (HELP|TYPE) \w+ .+|\w+(\{(\w+="(\\.|[^"\\])*",?)*\})? (-?[\d.e+-]+|[+-]?Inf|NaN))$/;

    expect(
      text
        .trimEnd()
        .split('\n')
        .filter((line) => !LINE.test(line)),
    ).toEqual([]);
  });

  it('should count what the broker did', () => {
    expect(valueIn(text, 'claviger_connections{provider="berbix",state="active"}')).toBe(1);
    expect(valueIn(text, 'claviger_seconds_to_next_expiry{provider="berbix"}')).toBeGreaterThan(3000);
    expect(valueIn(text, 'claviger_seconds_to_next_expiry{provider="berbix"}')).toBeLessThanOrEqual(3600);
  });

  it('should name no connection, caller or path: their number has no bound', async () => {
    await get('/providers/some-path-that-is-not-there');
    const now = await (await get('/metrics')).text();

    expect(now).not.toMatch(/connection="|caller="|some-path|"good"|"bad"/);
  });
});
