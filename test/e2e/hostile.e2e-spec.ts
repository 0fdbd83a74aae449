import type { Server } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startBroker, type TestBroker } from '../support/broker.js';
import { edgeClient, type EdgeClient } from '../support/edge-client.js';
import { AMBIGUOUS } from '../support/hostile-requests.js';
import { problemOf } from '../support/problem.js';
import { rawRequest, sendRaw } from '../support/raw-http.js';

jest.setTimeout(30_000);

/** Instead of 10 and 15 s; late ones are looked for every second. */
const SHORT_MS = 500;
const DRIP_EVERY_MS = 50;

let broker: TestBroker;
let client: EdgeClient;

beforeAll(async () => {
  broker = await startBroker();
  client = edgeClient(broker);
});

afterAll(() => broker?.stop());

const isServed = async (): Promise<boolean> => (await client.ask('GET', '/providers')).status === 200;

/** Sends `head` and then a byte now and then; resolves with what came back when the server has had enough. */
function drip(head: string, byte: string): Promise<string> {
  const { hostname, port } = new URL(broker.url);
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(head));
    const timer = setInterval(() => socket.write(byte), DRIP_EVERY_MS);
    socket.on('data', (chunk) => (answer += String(chunk)));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(timer);
      resolve(answer);
    });
  });
}

describe('a request that can be understood in two ways', () => {
  it.each(AMBIGUOUS)('should be refused and the connection closed: %s', async (_what, text) => {
    const answer = await sendRaw(broker.url, `${text}GET /admin/callers HTTP/1.1\r\nHost: smuggled\r\n\r\n`);

    expect(problemOf(answer)).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(answer.body).not.toContain('"items"');
    expect(answer.headers['connection']?.toLowerCase()).toBe('close');
    expect((await client.ask('GET', '/admin/callers/smuggled')).status).toBe(404);
  });

  it('should not be what only looks odd', async () => {
    const type = 'Content-Type: application/json';
    const extended = await client.raw(
      'PUT',
      '/admin/callers/odd',
      [type, 'Transfer-Encoding: chunked'],
      '2;a=b\r\n{}\r\n0\r\n\r\n',
    );
    const absolute = await sendRaw(broker.url, rawRequest('GET', 'http://evil.example/health/live'));
    const inBody = rawRequest(
      'GET',
      '/health/live',
      ['Content-Length: 39'],
      'GET /admin/callers HTTP/1.1\r\nHost: a\r\n\r\n',
    );

    expect(extended.status).toBe(201);
    expect(absolute).toMatchObject({ status: 200, body: '{"live":true}' });
    expect(await sendRaw(broker.url, inBody)).toMatchObject({ status: 200, body: '{"live":true}' });
  });
});

describe('a body that would be unpacked', () => {
  it.each(['gzip', 'deflate', 'br', 'gzip, gzip'])('should be refused unread: %s', async (coding) => {
    const body = gzipSync(Buffer.alloc(10_000_000, ' '));
    const headers = { 'content-type': 'application/json', 'content-encoding': coding };
    const answer = await client.ask('PUT', '/admin/callers/bomb', { headers, body });

    expect(problemOf(answer)).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    expect(answer.headers['accept-encoding']).toBe('identity');
  });
});

/** What a hundred slow senders get, with the server's patience cut short, and whether others are served meanwhile. */
async function slowly(head: string, byte: string) {
  const server = broker.app.getHttpServer() as Server;
  const { headersTimeout, requestTimeout } = server;
  Object.assign(server, { headersTimeout: SHORT_MS, requestTimeout: 2 * SHORT_MS });
  const dripping = Promise.all(Array.from({ length: 100 }, () => drip(head, byte)));
  const served = await isServed();
  const answers = await dripping;
  Object.assign(server, { headersTimeout, requestTimeout });
  const statuses = new Set(answers.map((answer) => answer.split('\r\n')[0]));
  return { served, statuses };
}

const CUT_OFF = { served: true, statuses: new Set(['HTTP/1.1 400 Bad Request']) };

describe('a sender that takes its time', () => {
  it('should be cut off where its headers do not end, and others served meanwhile', async () => {
    expect(await slowly('GET /providers HTTP/1.1\r\nHost: a\r\n', 'X-Slow: a\r\n')).toEqual(CUT_OFF);
  });

  it('should be cut off where its body does not end', async () => {
    const key = `Authorization: Bearer ${broker.adminKey}`;
    const headers = 'Host: a\r\nContent-Type: application/json\r\nContent-Length: 30000';
    const head = `PUT /admin/callers/slow HTTP/1.1\r\n${headers}`;

    expect(await slowly(`${head}\r\n${key}\r\n\r\n{`, ' ')).toEqual(CUT_OFF);
    // Told at once that there is no key, and cut off all the same.
    const keyless = { served: true, statuses: new Set(['HTTP/1.1 401 Unauthorized']) };
    expect(await slowly(`${head}\r\n\r\n{`, ' ')).toEqual(keyless);
  });

  it('should have 10 s for headers, 15 s for the whole, and 75 s of silence', () => {
    expect(broker.app.getHttpServer()).toMatchObject({
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      keepAliveTimeout: 65_000,
      timeout: 75_000,
      maxConnections: 20_000,
    });
  });
});
