import { Scheduler } from '@app/tokens';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connect as connectSocket } from 'node:net';
import { Client } from 'pg';
import type { IssueOptions, Sandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { connect } from '../support/connect.js';
import { startTestSandbox } from '../support/sandbox.js';
import { breakAudit, sql } from '../support/test-database.js';

let sandbox: Sandbox;
let broker: TestBroker;
let key: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
  // Nothing is renewed unless somebody asks.
  await broker.app.get(Scheduler).stop();
  key = await broker.keyFor(['*/*']);
});

afterAll(async () => {
  await broker?.stop();
  await sandbox?.close();
});

/** Every byte that the broker sends to who asks for a token. */
const bytesOf = (provider: string, connection: string, body?: object): Promise<string> => {
  const { hostname, port } = new URL(broker.url);
  const content = body === undefined ? '' : JSON.stringify({ connection, ...body });
  const line =
    body === undefined
      ? `GET /providers/${provider}/token?connection=${connection}`
      : `POST /providers/${provider}/token`;
  const headers = [
    `${line} HTTP/1.1`,
    'Host: broker',
    `Authorization: Bearer ${key}`,
    'Connection: close',
    ...(body === undefined ? [] : ['Content-Type: application/json', `Content-Length: ${content.length}`]),
  ];
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connectSocket(Number(port), hostname, () =>
      socket.write(`${headers.join('\r\n')}\r\n\r\n${content}`),
    );
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
};

const problemOf = (bytes: string) => JSON.parse(bytes.slice(bytes.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>;
const tokenOf = (bytes: string) => String(problemOf(bytes)['access_token']);

/** Nothing but the refusal, in a whole HTTP answer. */
const expectRefusal = (bytes: string) => {
  expect(bytes).toMatch(/^HTTP\/1\.1 503 /);
  expect(bytes).toMatch(/\r\ncontent-type: application\/problem\+json/i);
  expect(bytes).toMatch(/\r\nretry-after: 1\r\n/i);
  expect(problemOf(bytes)).toMatchObject({ status: 503, code: 'audit_unavailable', retry_after: 1 });
};

/** A token in three pieces: not even a part of it may be there. */
const piecesOf = (token: string) => [
  token.slice(0, 24),
  token.slice(-24),
  token.slice(token.length / 2, token.length / 2 + 24),
];

/** Locks the table: every append hangs until the lock goes. */
const hangAudit = async (): Promise<() => Promise<void>> => {
  const client = new Client({ connectionString: process.env['DATABASE_URL'] });
  await client.connect();
  await client.query('begin');
  await client.query('lock table audit_events in access exclusive mode');
  return () => client.end();
};

const nothingToMend = async (): Promise<void> => undefined;

let made = 0;

const newConnection = async (provider: string, options: IssueOptions = {}) => {
  made += 1;
  const connection = `c-${made}`;
  const { id } = await connect({ broker, sandbox }, provider, connection, options);
  return {
    connection,
    get: () => bytesOf(provider, connection),
    post: (body: object = {}) => bytesOf(provider, connection, body),
    requests: () => sandbox.requests({ credential: id }),
    attempts: () =>
      sql<{ outcome: string; reason: string }>(
        `select a.outcome, a.reason from attempts a join connections c on c.id = a.connection_id
         where c.name = $1 order by opened_at`,
        [connection],
      ),
  };
};

describe('a broken audit → 503 and no token in the bytes on the socket', () => {
  let mend = nothingToMend;

  afterEach(() => mend());

  describe.each([
    ['fails', breakAudit],
    ['hangs', hangAudit],
  ])('where the log %s', (_how, injure) => {
    it('should hold for a token that is cached', async () => {
      const sut = await newConnection('onmeta');
      const token = tokenOf(await sut.get());
      expect(sandbox.lookup(token)).toMatchObject({ live: true });
      mend = await injure();
      for (const bytes of await Promise.all([sut.get(), sut.post(), sut.get()])) {
        expectRefusal(bytes);
        piecesOf(token).forEach((piece) => expect(bytes).not.toContain(piece));
      }
      await mend();
      expect(tokenOf(await sut.get())).toBe(token);
      expect(sut.requests()).toHaveLength(1);
    }, 20_000);

    it('should not even ask the provider where the intent cannot be recorded', async () => {
      const sut = await newConnection('onmeta');
      mend = await injure();
      for (const bytes of await Promise.all([sut.get(), sut.post()])) {
        expectRefusal(bytes);
        expect(bytes).not.toMatch(/eyJ/);
      }
      expect(sut.requests()).toEqual([]);
      await mend();
      expect(await sut.attempts()).toEqual([{ outcome: 'not_sent', reason: 'abandoned_before_send' }]);
      await sql('update connections set retry_at = null');
      expect(sandbox.lookup(tokenOf(await sut.get()))).toMatchObject({ live: true });
      expect(sut.requests()).toHaveLength(1);
    }, 20_000);

    it('should not renew what a caller reports, nor give it back', async () => {
      const sut = await newConnection('onmeta');
      const token = tokenOf(await sut.get());
      mend = await injure();
      const bytes = await sut.post({ rejected_generation: 2 });
      expectRefusal(bytes);
      piecesOf(token).forEach((piece) => expect(bytes).not.toContain(piece));
      expect(sut.requests()).toHaveLength(1);
    }, 20_000);
  });

  it('should keep what the provider issued while the log broke in the middle, and give it when it is mended', async () => {
    const sut = await newConnection('klavi');
    sandbox.fault('klavi', { kind: 'delay_answer', ms: 1000 });
    const asking = sut.get();
    await untilSent(sut.requests);
    mend = await breakAudit();
    const bytes = await asking;
    expectRefusal(bytes);
    expect(bytes).not.toMatch(/eyJ/);
    expect(await sut.attempts()).toEqual([{ outcome: 'ok', reason: null }]);
    await mend();
    const token = tokenOf(await sut.get());
    expect(sandbox.lookup(token)).toMatchObject({ live: true });
    expect(sut.requests()).toHaveLength(1);
  }, 20_000);
});

const untilSent = async (requests: () => readonly unknown[]): Promise<void> => {
  while (requests().length === 0) {
    await new Promise((resolve) => void setImmediate(resolve));
  }
};
