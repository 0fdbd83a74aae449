import { BrokerError, type ErrorCode } from '@app/common';
import { TokenService } from '@app/tokens';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { STATUS } from '../../apps/broker/src/http/problem.js';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { makeHeld } from '../support/callers.js';
import { broughtToken, connect, pathOf } from '../support/connect.js';
import { edgeClient, type EdgeClient, JSON_TYPE } from '../support/edge-client.js';
import { problemOf } from '../support/problem.js';
import type { RawAnswer } from '../support/raw-http.js';
import { startTestSandbox } from '../support/sandbox.js';
import { breakAudit } from '../support/test-database.js';

/** So few that a burst is soon over. */
const A_SECOND = 50;
const TOKEN = '/providers/onmeta/token?connection=acme';

let sandbox: Sandbox;
let broker: TestBroker;
let client: EdgeClient;
let reader: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker({ environment: { RATE_LIMIT: String(A_SECOND) } });
  client = edgeClient(broker);
  reader = await broker.keyFor(['*/*']);
  await makeHeld(broker, [['onmeta', 'acme']]);
});

afterEach(() => void jest.restoreAllMocks());

afterAll(async () => {
  await broker?.stop();
  await sandbox?.close();
});

const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });

/** What a status must have beside what all of them have. */
const HEADERS: Readonly<Record<number, Readonly<Record<string, unknown>>>> = {
  401: { 'www-authenticate': expect.stringMatching(/^Bearer/) },
  405: { allow: expect.stringMatching(/^[A-Z]+(, [A-Z]+)*$/) },
  429: { 'retry-after': expect.stringMatching(/^[1-9]\d*$/) },
  503: { 'retry-after': expect.stringMatching(/^[1-9]\d*$/) },
};

/** The headers that every answer with this code has. */
const headersOf = (code: ErrorCode) => ({
  'content-type': expect.stringMatching(/^application\/problem\+json(; charset=utf-8)?$/),
  'cache-control': 'no-store',
  'x-request-id': expect.stringMatching(/^[\w.:-]+$/),
  ...HEADERS[STATUS[code]],
});

/** A token of a connection whose provider answers so. */
async function tokenOf(provider: string, status: number, body = '{}'): Promise<RawAnswer> {
  const connection = `answered-${status}`;
  const { id } = await connect({ broker, sandbox }, provider, connection);
  sandbox.fault(provider, { kind: 'respond', status, body, credential: id });
  const answer = await client.ask('GET', `/providers/${provider}/token?connection=${connection}`, bearer(reader));
  sandbox.clearFaults();
  return answer;
}

async function whileAuditIsBroken(): Promise<RawAnswer> {
  const mend = await breakAudit();
  const answer = await client.ask('GET', TOKEN, bearer(reader));
  await mend();
  return answer;
}

async function afterABurst(): Promise<RawAnswer> {
  const key = await broker.keyFor([]);
  jest.spyOn(performance, 'now').mockReturnValue(performance.now());
  const burst = Array.from({ length: A_SECOND }, () => client.ask('GET', '/providers', bearer(key)));
  await Promise.all(burst);
  return client.ask('GET', '/providers', bearer(key));
}

async function ofAPaused(): Promise<RawAnswer> {
  const token = broughtToken('t', 600);
  await broker
    .as()
    .put(pathOf('klavi', 'paused'))
    .send({ credential: { access_token: 'x' }, token });
  await client.ask('POST', `${pathOf('klavi', 'paused')}/pause`);
  return client.ask('GET', '/providers/klavi/token?connection=paused', bearer(reader));
}

const BODY = { headers: JSON_TYPE, body: '{"type":"klavi"}' };
/** How each is brought about from outside; `refresh_pending` takes ten seconds and is in tokens-pending.e2e-spec.ts. */
const PROVOKED: readonly (readonly [ErrorCode, () => Promise<RawAnswer>])[] = [
  ['invalid_request', () => client.ask('GET', '/admin/callers?limit=x')],
  ['unauthenticated', () => client.ask('GET', TOKEN, { headers: { authorization: '' } })],
  ['forbidden', () => client.ask('GET', '/admin/callers', bearer(reader))],
  ['not_found', () => client.ask('GET', '/providers/onmeta/token?connection=nobody', bearer(reader))],
  ['not_found', () => client.ask('GET', '/nowhere')],
  ['method_not_allowed', () => client.ask('DELETE', '/providers')],
  ['conflict', () => client.ask('DELETE', '/admin/providers/onmeta')],
  ['connection_paused', ofAPaused],
  ['connection_misconfigured', () => tokenOf('klavi', 404)],
  ['reauthorization_required', () => tokenOf('berbix', 401)],
  [
    'precondition_failed',
    () => client.ask('PUT', '/admin/providers/klavi', { ...BODY, headers: { ...JSON_TYPE, 'if-match': '"999"' } }),
  ],
  ['payload_too_large', () => client.ask('PUT', '/admin/providers/klavi', { ...BODY, body: ' '.repeat(33_000) })],
  [
    'unsupported_media_type',
    () => client.ask('PUT', '/admin/providers/klavi', { headers: { 'content-type': 'text/plain' }, body: 'x' }),
  ],
  ['provider_error', () => tokenOf('klavi', 200, 'nonsense')],
  ['provider_unavailable', () => tokenOf('klavi', 503)],
  ['audit_unavailable', whileAuditIsBroken],
  ['rate_limited', afterABurst],
];

describe('an answer', () => {
  it.each(PROVOKED)('should have the headers of %s', async (code, provoke) => {
    const answer = await provoke();

    expect(problemOf(answer)).toMatchObject({ status: STATUS[code], code });
    expect(answer.headers).toMatchObject(headersOf(code));
  });

  /** Which methods a path has, only the router knows. */
  const codes = (Object.keys(STATUS) as ErrorCode[]).filter((code) => code !== 'method_not_allowed');

  it.each(codes)('should have them for %s wherever it comes from', async (code) => {
    const facts = { errors: [{ field: 'f', message: 'is wrong' }], retryAfter: 3 };
    const { errors: _errors, ...others } = facts;
    const failure = new BrokerError(code, 'It failed. Do this.', STATUS[code] === 400 ? facts : others);
    jest.spyOn(broker.app.get(TokenService), 'issue').mockRejectedValue(failure);
    const answer = await client.ask('GET', TOKEN, bearer(reader));

    expect(problemOf(answer)).toMatchObject({ status: STATUS[code], code });
    expect(answer.headers).toMatchObject(headersOf(code));
  });
});
