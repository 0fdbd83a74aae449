import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Overload } from '../../apps/broker/src/limits/overload.js';
import { RefusedRequests } from '../../apps/broker/src/limits/refused-requests.js';
import { actorOf, auditEvents, EVENT } from '../support/audit-log.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { edgeClient, type EdgeClient } from '../support/edge-client.js';
import { problemOf } from '../support/problem.js';
import type { RawAnswer } from '../support/raw-http.js';

jest.setTimeout(30_000);

/** So few that a burst is soon over, and so many that the administrator of this file is not limited itself. */
const A_SECOND = 40;
/** More than the burst of an address. */
const GUESSES = 140;
const PROBES = ['/health/live', '/health/ready', '/metrics'];

let broker: TestBroker;
let client: EdgeClient;

beforeAll(async () => {
  broker = await startBroker({ environment: { RATE_LIMIT: String(A_SECOND) } });
  client = edgeClient(broker);
});

afterAll(() => broker?.stop());
afterEach(() => void jest.restoreAllMocks());

const askAs = (key: string, path = '/providers'): Promise<RawAnswer> =>
  client.ask('GET', path, { headers: { authorization: `Bearer ${key}` } });

/** Answers to so many requests at once. */
const flood = (count: number, key: string): Promise<RawAnswer[]> =>
  Promise.all(Array.from({ length: count }, () => askAs(key)));

/** From now on no bucket fills, however slow this machine is, until the test ends. */
const freeze = (): void => void jest.spyOn(performance, 'now').mockReturnValue(performance.now());
const thaw = (): void => void jest.restoreAllMocks();

const flush = (): Promise<void> => broker.app.get(RefusedRequests).flush();
const refusedEvents = () => auditEvents(broker, 'action=request.rate_limited');
const metric = async (line: string): Promise<number> => {
  const { body } = await client.ask('GET', '/metrics');
  const [, value] =
    body
      .split('\n')
      .find((one) => one.startsWith(`${line} `))
      ?.split(' ') ?? [];
  return Number(value);
};

describe('a caller that asks too much', () => {
  it('should be refused with 429 and what to wait for, counted and recorded once with the exact number', async () => {
    await flush();
    const before = (await refusedEvents()).length;
    const countedBefore = (await metric('claviger_rate_limited_total{limit="caller"}')) || 0;
    const key = await broker.keyFor([]);
    freeze();
    const answers = await flood(A_SECOND * 2, key);
    thaw();
    const refused = answers.filter(({ status }) => status === 429);
    await flush();
    const events = await refusedEvents();

    expect(refused).toHaveLength(A_SECOND);
    expect(refused.map((answer) => problemOf(answer).code)).toEqual(refused.map(() => 'rate_limited'));
    expect(refused[0]?.headers).toMatchObject({
      'retry-after': '1',
      'ratelimit-policy': `"caller";q=${A_SECOND};w=1`,
      ratelimit: '"caller";r=0;t=1',
    });
    expect(events.slice(0, events.length - before)).toEqual([
      {
        ...EVENT,
        action: 'request.rate_limited',
        outcome: 'refused',
        actor: actorOf(key, expect.any(String) as unknown as string),
        request_id: null,
        client_ip: null,
        reason: 'caller',
        count: refused.length,
      },
    ]);
    expect((await metric('claviger_rate_limited_total{limit="caller"}')) - countedBefore).toBe(refused.length);
    expect(broker.lines.filter((line) => line.includes('"status":429') && !line.includes('"debug"'))).toEqual([]);
  });

  it('should not keep others from being served, and be told before what is left', async () => {
    const [noisy, quiet] = [await broker.keyFor([]), await broker.keyFor([])];
    const flooding = flood(A_SECOND * 2, noisy);
    const { status, headers } = await askAs(quiet);
    await flooding;

    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'ratelimit-policy': `"caller";q=${A_SECOND};w=1`,
      ratelimit: `"caller";r=${A_SECOND - 1}`,
    });
  });

  it('should be limited where its role is missing too', async () => {
    const key = await broker.keyFor([]);
    freeze();
    const answers = await Promise.all(Array.from({ length: A_SECOND * 2 }, () => askAs(key, '/admin/callers')));

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403, 429]));
  });
});

describe('an address that guesses', () => {
  it('should be refused with 429, while callers behind it that were served before are served', async () => {
    const [known, fresh] = [await broker.keyFor([]), await broker.keyFor([])];
    await askAs(known);
    await flush();
    const before = (await refusedEvents()).length;
    freeze();
    const answers = await flood(GUESSES, 'guess');
    const refused = answers.filter(({ status }) => status === 429);
    const [served, unknown, wrong] = [await askAs(known), await askAs(fresh), await askAs(`${known.slice(0, -1)}-`)];
    thaw();
    await flush();
    const [event] = (await refusedEvents()).slice(0, -before || undefined);

    expect(refused).toHaveLength(GUESSES - 100);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]));
    expect(refused[0]?.headers).toMatchObject({ 'ratelimit-policy': '"source";q=100;w=10' });
    expect([served.status, unknown.status, wrong.status]).toEqual([200, 429, 429]);
    expect(event).toMatchObject({ reason: 'source', client_ip: '127.0.0.1', actor: { type: 'anonymous' } });
    expect(event?.count).toBe(refused.length + 2);
  });

  it('should reach health and metrics all the same', async () => {
    freeze();
    await flood(GUESSES, 'guess');
    expect((await askAs('guess')).status).toBe(429);
    const statuses = await Promise.all(PROBES.map(async (path) => (await client.ask('GET', path)).status));

    expect(statuses).toEqual([200, 200, 200]);
  });
});

describe('a broker that cannot keep up', () => {
  it('should answer 503 with Retry-After at once, and to probes as always', async () => {
    jest.spyOn(broker.app.get(Overload), 'isOn', 'get').mockReturnValue(true);
    const before = await metric('claviger_overload_refusals_total');
    const answer = await client.ask('GET', '/providers');
    const nowhere = await client.ask('GET', '/nowhere');
    const probes = await Promise.all(PROBES.map(async (path) => (await client.ask('GET', path)).status));

    expect(problemOf(answer)).toMatchObject({ status: 503, code: 'shutting_down', retry_after: 1 });
    expect(answer.headers['connection']).not.toBe('close');
    expect(nowhere.status).toBe(503);
    expect(probes).toEqual([200, 200, 200]);
    expect((await metric('claviger_overload_refusals_total')) - before).toBeGreaterThanOrEqual(2);
  });
});
