import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import type { Fault, IssuedCredential, Sandbox } from '../../apps/sandbox/src/index.js';
import { refreshRequest, reloginRequest, sendTo, startTestSandbox } from '../support/sandbox.js';

let sut: Sandbox;
let issued: IssuedCredential;

beforeAll(async () => {
  sut = await startTestSandbox();
});
beforeEach(async () => {
  sut.reset();
  issued = await sut.issue('klavi', { old_token_dies: true });
});
afterAll(() => sut.close());

const refresh = () => sendTo(sut, 'klavi', refreshRequest(issued));
const relogin = () => sendTo(sut, 'klavi', reloginRequest(issued));
const isAlive = () => sut.lookup(issued.credential['access_token'] ?? '')?.live;

/** Everything the server wrote to one connection, headers and all, until the connection ended. */
function rawRefresh(): Promise<string> {
  const { hostname, port } = new URL(sut.url);
  const { path, headers } = refreshRequest(issued);
  const authorization = `authorization: ${headers['authorization']}`;
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(Number(port), hostname);
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.on('error', (error: NodeJS.ErrnoException) => (text += error.code));
    socket.on('close', () => resolve(text));
    socket.write(`GET /klavi${path} HTTP/1.1\r\nhost: ${hostname}\r\n${authorization}\r\n\r\n`);
  });
}

/** Lets the server work until the condition holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function timed(send: () => Promise<Response>): Promise<{ status: number; ms: number }> {
  const start = performance.now();
  const response = await send();
  await response.text();
  return { status: response.status, ms: performance.now() - start };
}

describe('sandbox: faults', () => {
  it('should hit the next n requests and no further one', async () => {
    sut.fault('klavi', { kind: 'answer', id: 'server_error' }, 2);

    const statuses = [await refresh(), await refresh(), await refresh()].map(({ status }) => status);

    expect(statuses).toEqual([500, 500, 200]);
  });

  it('should hit only the step and the credential that it names', async () => {
    const other = await sut.issue('klavi');
    sut.fault('klavi', { kind: 'answer', id: 'forbidden', step: 'relogin' });
    sut.fault('klavi', { kind: 'answer', id: 'rate_limited', credential: other.id });

    const statuses = [await refresh(), await relogin(), await sendTo(sut, 'klavi', refreshRequest(other))];

    expect(statuses.map(({ status }) => status)).toEqual([200, 403, 429]);
  });

  it.each(['delay', 'delay_answer', 'stall'] as const)('should make an answer late: %s', async (kind) => {
    sut.fault('klavi', { kind, ms: 60 });

    const { status, ms } = await timed(refresh);

    expect(status).toBe(200);
    expect(ms).toBeGreaterThanOrEqual(59);
  });

  it('should have processed a request whose answer is late, but not one that is itself late', async () => {
    const hangingUp = new AbortController();
    const { path, ...init } = refreshRequest(issued);
    const send = () => fetch(`${sut.url}/klavi${path}`, { ...init, signal: hangingUp.signal }).catch(() => undefined);
    sut.fault('klavi', { kind: 'delay', ms: 60_000 });
    sut.fault('klavi', { kind: 'delay_answer', ms: 60_000 });

    const first = send();
    await until(() => sut.requests().length === 1);
    expect(isAlive()).toBe(true);
    const second = send();
    await until(() => sut.requests()[1]?.processed === true);
    expect(isAlive()).toBe(false);

    hangingUp.abort();
    await Promise.all([first, second]);
  });

  it('should answer the given bytes, whatever was asked', async () => {
    const headers = { 'Content-Type': 'application/json', 'X-Trace': 'a' };
    sut.fault('klavi', { kind: 'respond', status: 201, headers, body: '{"accessToken":' });

    const response = await refresh();

    expect(response.status).toBe(201);
    expect(response.headers.get('x-trace')).toBe('a');
    expect(await response.text()).toBe('{"accessToken":');
    expect(sut.requests()).toMatchObject([{ processed: false, answer: null, status: 201, fault: 'respond' }]);
  });

  it('should change the state before the given bytes where the fault says so', async () => {
    sut.fault('klavi', { kind: 'respond', status: 502, processed: true });

    expect((await refresh()).status).toBe(502);
    expect(isAlive()).toBe(false);
  });

  it('should answer a success with changed parts', async () => {
    sut.fault('klavi', { kind: 'modify', set: { expireIn: '3600', 'a.b': 1 }, delete: ['nothing.there'] });
    expect((await refresh()).status).toBe(500);

    issued = await sut.issue('klavi');
    sut.fault('klavi', { kind: 'modify', set: { expireIn: -1, ['__proto__']: 1 }, delete: ['accessToken'] });
    expect(await (await refresh()).text()).toBe('{"expireIn":-1,"__proto__":1}');
  });

  it('should answer a success with another body, filled', async () => {
    const headers = { 'content-type': 'text/plain' };
    sut.fault('klavi', { kind: 'modify', headers, body: '{"accessToken":"{access}","accessToken":"x","ttl":"{ttl}"}' });

    const response = await refresh();

    expect(response.headers.get('content-type')).toBe('text/plain');
    expect(await response.text()).toMatch(/^\{"accessToken":"eyJ[\w.-]+","accessToken":"x","ttl":1800\}$/);
  });

  it('should leave a refusal as it is where a success was to be changed', async () => {
    sut.fault('klavi', { kind: 'modify', status: 299 });
    sut.revoke(issued.id);

    expect((await refresh()).status).toBe(401);
  });

  it.each([false, true])('should stream a body of 10 MB (chunked: %s)', async (chunked) => {
    sut.fault('klavi', { kind: 'flood', bytes: 10_000_000, chunked });

    const response = await refresh();

    expect(response.headers.has('content-length')).toBe(!chunked);
    expect((await response.text()).length).toBe(10_000_000);
  });

  it('should cut an answer short under the length of the whole', async () => {
    sut.fault('klavi', { kind: 'truncate' });

    const [head = '', body = ''] = (await rawRefresh()).split('\r\n\r\n');

    expect(head).toMatch(/^HTTP\/1.1 200 /);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    expect(body.length).toBe(Math.floor(length / 2));
    expect(isAlive()).toBe(false);
  });

  it.each<[Fault, string, boolean]>([
    [{ kind: 'close_before' }, '', true],
    [{ kind: 'close_before', reset: true }, 'ECONNRESET', true],
    [{ kind: 'close_after' }, '', false],
    [{ kind: 'close_after', reset: true }, 'ECONNRESET', false],
  ])('should send no byte: %j', async (fault, received, alive) => {
    sut.fault('klavi', fault);

    expect(await rawRefresh()).toBe(received);
    expect(isAlive()).toBe(alive);
    expect(sut.requests()).toMatchObject([{ status: null, processed: !alive, answer: alive ? null : 'success' }]);
  });

  it.each([
    [7, '7'],
    ['Wed, 21 Oct 2037 07:28:00 GMT', 'Wed, 21 Oct 2037 07:28:00 GMT'],
    [undefined, null],
  ])('should answer 429 with Retry-After %s', async (retry_after, expected) => {
    const onmeta = await sut.issue('onmeta');
    sut.fault('onmeta', { kind: 'rate_limited', retry_after });

    const response = await sendTo(sut, 'onmeta', refreshRequest(onmeta));

    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe(expected);
  });

  it('should redirect', async () => {
    sut.fault('klavi', { kind: 'redirect', status: 307, location: 'http://127.0.0.1:9/' });
    const { path, ...init } = refreshRequest(issued);

    const response = await fetch(`${sut.url}/klavi${path}`, { ...init, redirect: 'manual' });

    expect([response.status, response.headers.get('location')]).toEqual([307, 'http://127.0.0.1:9/']);
    expect(isAlive()).toBe(true);
  });

  it('should refuse an answer that is not documented, and name those that are', () => {
    expect(() => sut.fault('klavi', { kind: 'answer', id: 'nonsense' })).toThrow(
      /klavi; it has unauthorized, forbidden/,
    );
  });

  it('should end at once while answers are still held back', async () => {
    const other = await startTestSandbox();
    const klavi = await other.issue('klavi');
    other.fault('klavi', { kind: 'delay_answer', ms: 60_000 });
    const pending = sendTo(other, 'klavi', refreshRequest(klavi)).catch((error: Error) => error.name);
    await until(() => other.requests()[0]?.processed === true);

    await other.close();

    expect(await pending).toBe('TypeError');
  });
});
