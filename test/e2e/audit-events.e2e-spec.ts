import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FailedAuthentications } from '@app/callers';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { auditEvents, type AuditLine } from '../support/audit-log.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { bodyOf, broughtToken, connect, pathOf } from '../support/connect.js';
import { eventually } from '../support/eventually.js';
import { startTestSandbox } from '../support/sandbox.js';

/** What every event has; a test overrides what it expects otherwise. */
const EVENT = {
  id: expect.stringMatching(/^\d+-\d+$/),
  at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  provider: null,
  connection: null,
  generation: null,
  client_ip: '127.0.0.1',
  upstream_status: null,
  reason: null,
  duration_ms: null,
  token_fingerprint: null,
  fields: [],
  count: 1,
};

let sandbox: Sandbox;
let broker: TestBroker;
let reader: string;
let readerName: string;
let requests = 0;

const actorOf = (key: string, caller: string) => ({ type: 'caller', caller, key_id: key.split('_')[1] });
const admin = () => actorOf(broker.adminKey, 'admin');
const newRequestId = (): string => {
  requests += 1;
  return `audit-test-${requests}`;
};
const eventsOf = (requestId: string): Promise<AuditLine[]> => auditEvents(broker, `request_id=${requestId}`);

/** The events of a token request once its refresh, whose outcome is recorded beside the answer, is among them. */
const settledEvents = (requestId: string, count: number): Promise<AuditLine[]> =>
  eventually(async () => {
    const events = await eventsOf(requestId);
    expect(events).toHaveLength(count);
    return events;
  });

async function askFor(provider: string, connection: string): Promise<string> {
  const id = newRequestId();
  await broker.as(reader).get(`/providers/${provider}/token?connection=${connection}`).set('x-request-id', id);
  return id;
}

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
  await broker
    .as()
    .put('/admin/callers/reader')
    .send({ rules: ['*/*'] });
  const issued = await broker.as().post('/admin/callers/reader/keys').send({});
  reader = issued.body.key;
  readerName = 'reader';
});

afterAll(async () => {
  await broker?.stop();
  await sandbox?.close();
});

describe('the log holds', () => {
  it('every token issued, with who, which and where from', async () => {
    await connect({ broker, sandbox }, 'onmeta', 'issued', { token: broughtToken('issued-token', 86_400) });
    const [event, ...others] = await eventsOf(await askFor('onmeta', 'issued'));

    expect(others).toEqual([]);
    expect(event).toEqual({
      ...EVENT,
      action: 'token.issued',
      outcome: 'ok',
      actor: actorOf(reader, readerName),
      provider: 'onmeta',
      connection: 'issued',
      generation: 1,
      request_id: expect.any(String),
      reason: 'cache',
      token_fingerprint: expect.stringMatching(/^.{16,}$/),
    });
    const [again] = await eventsOf(await askFor('onmeta', 'issued'));
    expect(again?.token_fingerprint).toBe(event?.token_fingerprint);
  });

  it.each(['absent', 'paused'])('every token refused: of a connection that is %s', async (connection) => {
    if (connection === 'paused') {
      await connect({ broker, sandbox }, 'onmeta', 'paused', { token: broughtToken('t', 86_400) });
      await broker.as().post(`${pathOf('onmeta', 'paused')}/pause`);
    }
    const [event, ...others] = await eventsOf(await askFor('onmeta', connection));

    expect(others).toEqual([]);
    expect(event).toEqual({
      ...EVENT,
      action: 'token.refused',
      outcome: 'refused',
      actor: actorOf(reader, readerName),
      provider: 'onmeta',
      connection,
      request_id: expect.any(String),
      reason: connection === 'absent' ? 'not_found' : 'connection_paused',
    });
  });

  it('every attempt, intent before outcome, and the token that it gave', async () => {
    const issued = await sandbox.issue('klavi');
    await broker
      .as()
      .put(pathOf('klavi', 'attempted'))
      .send({ ...bodyOf(issued), token: broughtToken('short', 100) });
    const id = newRequestId();
    await broker.as(reader).get('/providers/klavi/token?connection=attempted&min_ttl=600').set('x-request-id', id);
    const events = await settledEvents(id, 3);
    const common = { ...EVENT, actor: actorOf(reader, readerName), provider: 'klavi', connection: 'attempted' };
    const ofAction = (action: string) => events.find((event) => event.action === action);

    expect(ofAction('refresh.started')).toEqual({
      ...common,
      action: 'refresh.started',
      outcome: 'started',
      generation: 1,
      reason: expect.stringMatching(/caller/),
      request_id: id,
    });
    expect(ofAction('refresh.succeeded')).toEqual({
      ...common,
      action: 'refresh.succeeded',
      outcome: 'ok',
      generation: 1,
      upstream_status: 200,
      duration_ms: expect.any(Number),
      request_id: id,
    });
    expect(ofAction('token.issued')).toMatchObject({ outcome: 'ok', generation: 2, reason: 'refresh' });
    expect(events.at(-1)?.action).toBe('refresh.started');
  });

  it.each([
    ['berbix', 'bad_refresh_token', 'rejected', 401, 'unauthorized', 'reauthorization_required'],
    ['monetate', 'forbidden_revoked', 'rejected', 403, 'forbidden', 'reauthorization_required'],
    ['klearstack', 'missing_company_name', 'misconfigured', 500, 'missing_parameter', 'connection_misconfigured'],
    ['onmeta', 'server_error', 'unknown', 500, 'server_error', 'provider_unavailable'],
    ['klavi', 'rate_limited', 'not_sent', 429, 'rate_limited', 'provider_unavailable'],
    ['berbix', 'malformed_success', 'unknown', 200, 'unreadable_answer', 'provider_error'],
  ])('every failure of %s (%s), with status and reason', async (provider, answer, outcome, status, reason, code) => {
    const connection = `failed-${answer.replaceAll('_', '-')}`;
    const issued = await sandbox.issue(provider);
    const body = bodyOf(issued);
    await broker
      .as()
      .put(pathOf(provider, connection))
      .send({ ...body, token: broughtToken('short', 100) });
    sandbox.fault(provider, { kind: 'answer', id: answer });
    const id = newRequestId();
    await broker
      .as(reader)
      .post(`/providers/${provider}/token`)
      .set('x-request-id', id)
      .send({ connection, rejected_generation: 1 });
    const events = await settledEvents(id, 3);

    expect(events.map(({ action }) => action).toSorted()).toEqual([
      'refresh.failed',
      'refresh.started',
      'token.refused',
    ]);
    expect(events.find(({ action }) => action === 'refresh.failed')).toMatchObject({
      outcome,
      actor: actorOf(reader, readerName),
      provider,
      connection,
      generation: 1,
      upstream_status: status,
      reason: expect.stringMatching(new RegExp(`^${reason}\\b`)),
      duration_ms: expect.any(Number),
      request_id: id,
      client_ip: '127.0.0.1',
    });
    expect(events.find(({ action }) => action === 'token.refused')).toMatchObject({
      outcome: 'refused',
      upstream_status: status,
      reason: code,
    });
  });

  it('the missing parameter of KlearStack by name', async () => {
    const events = await auditEvents(broker, 'action=refresh.failed&provider=klearstack');

    expect(events).toMatchObject([{ reason: 'missing_parameter:company_name' }]);
  });

  it('background work exactly as a caller’s, as the system’s', async () => {
    await connect({ broker, sandbox }, 'onmeta', 'scheduled');
    const events = await eventually(async () => {
      const found = await auditEvents(broker, 'provider=onmeta&connection=scheduled');
      expect(found.map(({ action }) => action)).toEqual(['refresh.succeeded', 'refresh.started', 'connection.created']);
      return found;
    });

    expect(events[0]).toEqual({
      ...EVENT,
      action: 'refresh.succeeded',
      outcome: 'ok',
      actor: { type: 'system', caller: null, key_id: null },
      provider: 'onmeta',
      connection: 'scheduled',
      generation: 1,
      request_id: null,
      client_ip: null,
      upstream_status: 200,
      duration_ms: expect.any(Number),
    });
    expect(events[1]).toMatchObject({ outcome: 'started', reason: expect.stringMatching(/schedule/) });
  });

  it('an administrator’s refresh as the administrator’s', async () => {
    await connect({ broker, sandbox }, 'onmeta', 'by-hand', { token: broughtToken('t', 86_400) });
    const id = newRequestId();
    await broker
      .as()
      .post(`${pathOf('onmeta', 'by-hand')}/refresh`)
      .set('x-request-id', id);
    const events = await settledEvents(id, 2);

    expect(events).toMatchObject([
      { action: 'refresh.succeeded', actor: admin() },
      { action: 'refresh.started', actor: admin(), reason: expect.stringMatching(/admin/) },
    ]);
  });

  it('a role that was missing', async () => {
    const id = newRequestId();
    await broker.as(reader).get('/admin/callers').set('x-request-id', id);

    expect(await eventsOf(id)).toEqual([
      {
        ...EVENT,
        action: 'authorization.refused',
        outcome: 'refused',
        actor: actorOf(reader, readerName),
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

describe('failed authentications', () => {
  const FLOOD = 250;
  const sumOf = (events: readonly AuditLine[]): number => events.reduce((sum, { count }) => sum + count, 0);

  it('should be recorded one by one at first, with the reason that the answer does not give', async () => {
    const id = newRequestId();
    await broker.as('nonsense').get('/providers').set('x-request-id', id);

    expect(await eventsOf(id)).toEqual([
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
