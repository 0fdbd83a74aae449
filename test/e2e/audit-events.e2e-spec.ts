import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FailedAuthentications } from '@app/callers';
import { Scheduler } from '@app/tokens';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { actorOf, auditEvents, type AuditLine, EVENT, eventsOf } from '../support/audit-log.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { callerWith } from '../support/callers.js';
import { broughtToken, connect, pathOf } from '../support/connect.js';
import { startTestSandbox } from '../support/sandbox.js';

let sandbox: Sandbox;
let broker: TestBroker;
let reader: string;
let requests = 0;

const newRequestId = (): string => {
  requests += 1;
  return `audit-test-${requests}`;
};

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
  // Nothing is renewed unless somebody asks: what a request caused stands under its id.
  await broker.app.get(Scheduler).stop();
  ({ key: reader } = await callerWith(broker, 'reader', { rules: ['*/*'] }));
});

afterAll(async () => {
  await broker?.stop();
  await sandbox?.close();
});

async function askFor(provider: string, connection: string): Promise<string> {
  const id = newRequestId();
  await broker.as(reader).get(`/providers/${provider}/token?connection=${connection}`).set('x-request-id', id);
  return id;
}

describe('the log holds', () => {
  it('every token issued, with who, which and where from', async () => {
    await connect({ broker, sandbox }, 'onmeta', 'issued', { token: broughtToken('issued-token', 86_400) });
    const [event, ...others] = await eventsOf(broker, await askFor('onmeta', 'issued'), 1);

    expect(others).toEqual([]);
    expect(event).toEqual({
      ...EVENT,
      action: 'token.issued',
      outcome: 'ok',
      actor: actorOf(reader, 'reader'),
      provider: 'onmeta',
      connection: 'issued',
      generation: 1,
      request_id: expect.any(String),
      reason: 'cache',
      token_fingerprint: expect.stringMatching(/^.{16,}$/),
      token_expires_at: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    const [again] = await eventsOf(broker, await askFor('onmeta', 'issued'), 1);
    expect(again?.token_fingerprint).toBe(event?.token_fingerprint);
  });

  it('that a token reached nobody, where its asker was gone by then', async () => {
    sandbox.fault('onmeta', { kind: 'delay_answer', ms: 400 });
    await connect({ broker, sandbox }, 'onmeta', 'gone');
    const id = newRequestId();
    const headers = { authorization: `Bearer ${reader}`, 'x-request-id': id };
    const asking = fetch(`${broker.url}/providers/onmeta/token?connection=gone`, {
      headers,
      signal: AbortSignal.timeout(150),
    });
    await expect(asking).rejects.toMatchObject({ name: 'TimeoutError' });
    const events = await eventsOf(broker, id, 4);

    const lost = events.find(({ action }) => action === 'token.undelivered');
    expect(lost).toMatchObject({ outcome: 'failed', reason: 'caller_gone', connection: 'gone', generation: 2 });
    const issued = events.find(({ action }) => action === 'token.issued');
    expect(lost?.token_fingerprint).toBe(issued?.token_fingerprint);
  });

  it.each(['absent', 'paused'])('every token refused: of a connection that is %s', async (connection) => {
    if (connection === 'paused') {
      await connect({ broker, sandbox }, 'onmeta', 'paused', { token: broughtToken('t', 86_400) });
      await broker.as().post(`${pathOf('onmeta', 'paused')}/pause`);
    }
    const [event, ...others] = await eventsOf(broker, await askFor('onmeta', connection), 1);

    expect(others).toEqual([]);
    expect(event).toEqual({
      ...EVENT,
      action: 'token.refused',
      outcome: 'refused',
      actor: actorOf(reader, 'reader'),
      provider: 'onmeta',
      connection,
      request_id: expect.any(String),
      reason: connection === 'absent' ? 'not_found' : 'connection_paused',
    });
  });

  it.each([
    ['GET', '/providers/onmeta/token?connection=acme&min_ttl=soon', undefined, 'onmeta', 'acme'],
    ['GET', '/providers/onmeta/token?connection=acme&unknown=1', undefined, 'onmeta', 'acme'],
    ['GET', '/providers/NO%0d%0aNAME/token?connection=%22%7D%2C%7B%22', undefined, null, null],
    ['POST', '/providers/onmeta/token', { connection: 'acme', rejected_generation: -1 }, 'onmeta', 'acme'],
    ['POST', '/providers/onmeta/token?connection=acme', { connection: ['acme'] }, 'onmeta', null],
  ])('every token refused: by a malformed request (%s %s)', async (method, path, body, provider, connection) => {
    const id = newRequestId();
    const agent = broker.as(reader);
    const { status } = await (method === 'GET' ? agent.get(path) : agent.post(path).send(body)).set('x-request-id', id);

    expect(status).toBe(400);
    expect(await eventsOf(broker, id, 1)).toEqual([
      {
        ...EVENT,
        action: 'token.refused',
        outcome: 'refused',
        actor: actorOf(reader, 'reader'),
        provider,
        connection,
        request_id: id,
        reason: 'invalid_request',
      },
    ]);
  });

  it('a role that was missing', async () => {
    const id = newRequestId();
    await broker.as(reader).get('/admin/callers').set('x-request-id', id);

    expect(await eventsOf(broker, id, 1)).toEqual([
      {
        ...EVENT,
        action: 'authorization.refused',
        outcome: 'refused',
        actor: actorOf(reader, 'reader'),
        request_id: id,
        reason: expect.stringMatching(/admin/),
      },
    ]);
  });

  it('the start of each replica', async () => {
    const before = await auditEvents(broker, 'action=replica.started');
    const replica = await startBroker({ replicaOf: broker });
    await replica.stop();
    const started = await auditEvents(broker, 'action=replica.started');
    const [stopped] = await auditEvents(broker, 'action=replica.stopped');

    expect(started).toHaveLength(before.length + 1);
    expect(started[0]).toMatchObject({ outcome: 'ok', actor: { type: 'system', caller: null, key_id: null } });
    expect(stopped?.id.split('-')[0]).toBe(started[0]?.id.split('-')[0]);
  });
});

const FLOOD = 250;

/** How many events the lines stand for. */
const sumOf = (events: readonly AuditLine[]): number => events.reduce((sum, { count }) => sum + count, 0);

describe('failed authentications', () => {
  it('should be recorded one by one at first, with the reason that the answer does not give', async () => {
    const id = newRequestId();
    await broker.as('nonsense').get('/providers').set('x-request-id', id);

    expect(await eventsOf(broker, id, 1)).toEqual([
      {
        ...EVENT,
        action: 'authentication.failed',
        outcome: 'refused',
        actor: { type: 'anonymous', caller: null, key_id: null },
        request_id: id,
        reason: 'malformed_key',
      },
    ]);
  });

  it('should be counted exactly over a flood that fills a few rows only', async () => {
    const flush = () => broker.app.get(FailedAuthentications).flush();
    await flush();
    const before = await auditEvents(broker, 'action=authentication.failed');
    for (let sent = 0; sent < FLOOD; sent += 50) {
      await Promise.all(Array.from({ length: 50 }, () => fetch(`${broker.url}/providers`)));
    }
    await flush();
    const after = await auditEvents(broker, 'action=authentication.failed');

    expect(sumOf(after) - sumOf(before)).toBe(FLOOD);
    expect(after.length - before.length).toBeLessThan(20);
    expect(after.some(({ count }) => count > 100)).toBe(true);
    expect(new Set(after.map(({ client_ip: ip }) => ip))).toEqual(new Set(['127.0.0.1']));
  });
});
