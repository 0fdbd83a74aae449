import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { actorOf, auditEvents, EVENT, eventsOf } from '../support/audit-log.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { callerWith } from '../support/callers.js';
import { bodyOf, broughtToken, connect, pathOf } from '../support/connect.js';
import { eventually } from '../support/eventually.js';
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
  ({ key: reader } = await callerWith(broker, 'reader', { rules: ['*/*'] }));
});

afterAll(async () => {
  await broker?.stop();
  await sandbox?.close();
});

describe('the log holds', () => {
  it('every attempt, intent before outcome, and the token that it gave', async () => {
    const issued = await sandbox.issue('klavi');
    await broker
      .as()
      .put(pathOf('klavi', 'attempted'))
      .send({ ...bodyOf(issued), token: broughtToken('short', 100) });
    const id = newRequestId();
    await broker.as(reader).get('/providers/klavi/token?connection=attempted&min_ttl=600').set('x-request-id', id);
    const events = await eventsOf(broker, id, 3);
    const common = { ...EVENT, actor: actorOf(reader, 'reader'), provider: 'klavi', connection: 'attempted' };
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
    const events = await eventsOf(broker, id, 3);

    expect(events.map(({ action }) => action).toSorted()).toEqual([
      'refresh.failed',
      'refresh.started',
      'token.refused',
    ]);
    expect(events.find(({ action }) => action === 'refresh.failed')).toMatchObject({
      outcome,
      actor: actorOf(reader, 'reader'),
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

  it('background work exactly as that for a caller, as the work of the system', async () => {
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

  it('a refresh by hand, with the administrator who made it', async () => {
    await connect({ broker, sandbox }, 'onmeta', 'by-hand', { token: broughtToken('t', 86_400) });
    const id = newRequestId();
    await broker
      .as()
      .post(`${pathOf('onmeta', 'by-hand')}/refresh`)
      .set('x-request-id', id);
    const events = await eventsOf(broker, id, 2);

    expect(events).toMatchObject([
      { action: 'refresh.succeeded', actor: actorOf(broker.adminKey, 'admin') },
      { action: 'refresh.started', actor: actorOf(broker.adminKey, 'admin'), reason: expect.stringMatching(/admin/) },
    ]);
  });
});
