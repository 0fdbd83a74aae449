import { FailedAuthentications } from '@app/callers';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { auditEvents } from '../support/audit-log.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { edgeClient, type EdgeClient, JSON_TYPE } from '../support/edge-client.js';
import { fillPath, readOpenApi, type Route, routesOf } from '../support/openapi.js';
import { problemOf } from '../support/problem.js';
import { exchangeRaw, type RawAnswer } from '../support/raw-http.js';

jest.setTimeout(30_000);

/** So few that a burst is soon over. */
const A_SECOND = 40;
/** More than the burst of an address. */
const GUESSES = 150;
const TOKEN = '/providers/klavi/token';
const VALUES = { provider: 'klavi', connection: 'acme', caller: 'never', key_id: 'aaaaaaaaaaaa', type: 'klavi' };
const LARGE = 50_000_000;

/** Bodies that are refused for themselves, and with what status a caller is told so. */
const UNREADABLE: readonly (readonly [string, number, Readonly<Record<string, string>>, string])[] = [
  ['no JSON', 400, JSON_TYPE, 'x'],
  ['half an object', 400, JSON_TYPE, '{"connection":'],
  ['more than 32 kB', 413, JSON_TYPE, ' '.repeat(33_000)],
  ['another type', 415, { 'content-type': 'text/plain' }, '{}'],
  ['what is no type', 415, { 'content-type': 'x' }, '{}'],
  ['a coding', 415, { ...JSON_TYPE, 'content-encoding': 'gzip' }, '{}'],
];

let broker: TestBroker;
let limited: TestBroker;
let client: EdgeClient;

beforeAll(async () => {
  broker = await startBroker();
  limited = await startBroker({ replicaOf: broker, environment: { RATE_LIMIT: String(A_SECOND) } });
  client = edgeClient(broker);
});

afterEach(() => void jest.restoreAllMocks());

afterAll(async () => {
  await limited?.stop();
  await broker?.stop();
});

const send = (key: string, route: Pick<Route, 'method' | 'path'>, headers: object, body: string): Promise<RawAnswer> =>
  client.ask(route.method, fillPath(route.path, VALUES), {
    headers: { ...headers, authorization: key === '' ? '' : `Bearer ${key}` },
    body,
  });

/** How many failed authentications the log has. */
const failed = async (): Promise<number> => {
  await broker.app.get(FailedAuthentications).flush();
  const events = await auditEvents(broker, 'action=authentication.failed');
  return events.reduce((sum, { count }) => sum + count, 0);
};

const head = (...lines: string[]): string =>
  [`POST ${TOKEN} HTTP/1.1`, 'Host: broker', 'Content-Type: application/json', ...lines, '', ''].join('\r\n');

/** Sends as much of a long body as is taken, in pieces; resolves with the answer and how many bytes were taken. */
function upload(text: string): Promise<{ answer: string; sent: number }> {
  const { hostname, port } = new URL(broker.url);
  const piece = Buffer.alloc(64 * 1024, ' ');
  return new Promise((resolve) => {
    let answer = '';
    let sent = 0;
    const socket = connect(Number(port), hostname, () => socket.write(text, more));
    const more = (): void => {
      if (!socket.destroyed && sent < LARGE) {
        sent += piece.length;
        socket.write(piece, more);
      }
    };
    socket.on('data', (chunk) => (answer += String(chunk)));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve({ answer, sent }));
  });
}

const askLimited = (method: string, path: string, key: string, init: RequestInit = {}): Promise<RawAnswer> =>
  edgeClient(limited).ask(method, path, { ...init, headers: { ...JSON_TYPE, authorization: `Bearer ${key}` } });
const post = (key: string): Promise<RawAnswer> => askLimited('POST', TOKEN, key, { body: 'x' });

/** From now on no bucket fills, however slow this machine is, until the test ends. */
const freeze = (): void => void jest.spyOn(performance, 'now').mockReturnValue(performance.now());

describe('an unreadable body', () => {
  let routes: Route[];

  beforeAll(async () => {
    const changing = routesOf(await readOpenApi(broker)).filter(({ method }) => method !== 'GET');
    routes = changing.filter(({ operation }) => (operation.security ?? []).length > 0);
  });

  it.each(UNREADABLE)('should not hide that there is no key, or a bad one: %s', async (_what, _told, headers, body) => {
    expect(routes.length).toBeGreaterThan(15);
    for (const route of routes) {
      for (const key of ['', 'guess', `${broker.adminKey.slice(0, -1)}-`]) {
        const answer = await send(key, route, headers, body);
        expect([route.method, route.path, problemOf(answer).code]).toEqual([
          route.method,
          route.path,
          'unauthenticated',
        ]);
      }
    }
  });

  it.each(UNREADABLE)('should not hide that the role is missing: %s', async (_what, _told, headers, body) => {
    const key = await broker.keyFor(['*/*']);
    for (const route of routes.filter(({ path }) => !path.startsWith('/providers'))) {
      const { code } = problemOf(await send(key, route, headers, body));
      expect([route.method, route.path, code]).toEqual([route.method, route.path, 'forbidden']);
    }
  });

  it.each(UNREADABLE)('should be told to whoever may ask: %s', async (_what, told, headers, body) => {
    for (const route of routes) {
      const { status } = problemOf(await send(broker.adminKey, route, headers, body));
      expect([route.method, route.path, status]).toEqual([route.method, route.path, told]);
    }
  });

  it('should be recorded as a failed authentication without a key, and not at all with one', async () => {
    const route = { method: 'POST', path: TOKEN };
    const key = await broker.keyFor(['*/*']);
    const before = await failed();
    await send('', route, JSON_TYPE, 'x');
    expect((await failed()) - before).toBe(1);
    await send(key, route, { ...JSON_TYPE, 'x-request-id': 'unreadable-1' }, 'x');
    const lines = broker.lines.filter((one) => one.includes('"unreadable-1"'));

    expect(await auditEvents(limited, 'request_id=unreadable-1')).toEqual([]);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { status: 400, caller: expect.stringContaining('caller-') },
    ]);
  });
});

describe('a body that is not read', () => {
  it('should leave the connection to the next request where it is short', async () => {
    const next = 'GET /health/live HTTP/1.1\r\nHost: broker\r\nConnection: close\r\n\r\n';
    const answers = await exchangeRaw(broker.url, `${head('Content-Length: 32768')}${' '.repeat(32_768)}${next}`);

    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200']);
  });

  it('should end the connection where its end is not known', async () => {
    const chunk = `2\r\n{}\r\n`;
    const answer = await exchangeRaw(broker.url, `${head('Transfer-Encoding: chunked')}${chunk}`);

    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer.toLowerCase()).toContain('connection: close');
  });

  it('should not be taken to its end where it is long', async () => {
    const { answer, sent } = await upload(`${head(`Content-Length: ${LARGE}`)}`);

    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer.toLowerCase()).toContain('connection: close');
    expect(sent).toBeLessThan(LARGE / 2);
  });
});

describe('unreadable bodies by the dozen', () => {
  it('should cost their address what they cost without a body, and be refused when it has nothing left', async () => {
    freeze();
    const answers = await Promise.all(Array.from({ length: GUESSES }, () => post('')));
    const refused = answers.filter(({ status }) => status === 429);

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]));
    expect(refused).toHaveLength(GUESSES - 100);
    expect(refused[0]?.headers['ratelimit-policy']).toBe('"source";q=100;w=10');
    expect(limited.lines.filter((line) => line.includes('was refused') && !line.includes('"debug"'))).toHaveLength(100);
  });

  it('should each cost their caller one request, say what is left, and be refused when nothing is', async () => {
    freeze();
    const key = await broker.keyFor([]);
    const proved = await askLimited('GET', '/providers', key);
    const first = await post(key);
    const others = await Promise.all(Array.from({ length: A_SECOND }, () => post(key)));
    const refused = others.filter(({ status }) => status === 429);

    expect([proved.status, first.status]).toEqual([200, 400]);
    expect(first.headers['ratelimit']).toBe(`"caller";r=${A_SECOND - 2}`);
    expect(refused).toHaveLength(2);
    expect(refused[0]?.headers).toMatchObject({ ratelimit: '"caller";r=0;t=1', 'retry-after': '1' });
  });
});
