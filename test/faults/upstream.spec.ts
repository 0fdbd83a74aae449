import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { until } from '../harness/brokers/index.js';
import { type FaultKind, type IssuedGrant, startUpstream, type Upstream } from '../harness/upstream/index.js';

jest.setTimeout(30_000);

let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream();
});

afterAll(async () => {
  await upstream.stop();
});

const basic = ({ clientId, clientSecret }: IssuedGrant): string => `Basic ${btoa(`${clientId}:${clientSecret}`)}`;
const form = ({ refreshToken }: IssuedGrant, token = refreshToken): string =>
  new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token }).toString();

interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function post(url: string, grant: IssuedGrant, body: string): Promise<Answered> {
  const headers = { authorization: basic(grant), 'content-type': 'application/x-www-form-urlencoded' };
  const response = await fetch(url, { method: 'POST', headers, body });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as Answered['body']) : {} };
}

const refresh = (grant: IssuedGrant, token?: string): Promise<Answered> =>
  post(grant.tokenUrl, grant, form(grant, token));

describe('the upstream of the fault tests', () => {
  it('should rotate a strict grant and revoke it with all its tokens when a consumed refresh token comes again', async () => {
    const grant = await upstream.issue('strict', { accessTokenSeconds: 77 });
    const first = await refresh(grant);
    expect(first).toMatchObject({ status: 200, body: { expires_in: 77 } });
    expect((await upstream.record(grant.grantId)).alive).toBe(true);
    expect(await refresh(grant)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    const record = await upstream.record(grant.grantId);
    expect(record).toMatchObject({ alive: false, revoked: true, reuses: [{ request: record.requests[1]?.id }] });
    expect(await upstream.accessTokenAlive(String(first.body['access_token']))).toBe(false);
    expect(await refresh(grant, String(first.body['refresh_token']))).toMatchObject({ status: 400 });
  });

  it('should let one of two requests pass that come with one strict refresh token at once', async () => {
    const grant = await upstream.issue('strict');
    const answers = await Promise.all([refresh(grant), refresh(grant)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400]);
    expect((await upstream.record(grant.grantId)).reuses).toHaveLength(1);
  });

  it('should honour a consumed token of a grace grant for its seconds, and punish it then', async () => {
    const grant = await upstream.issue('grace', { graceSeconds: 1 });
    expect((await refresh(grant)).status).toBe(200);
    expect((await refresh(grant)).status).toBe(200);
    expect((await upstream.record(grant.grantId)).alive).toBe(true);
    await new Promise((resolve) => void setTimeout(resolve, 1100));
    expect((await refresh(grant)).status).toBe(400);
    expect(await upstream.record(grant.grantId)).toMatchObject({ alive: false, reuses: [{}] });
  });

  it('should never replace the refresh token of a static grant', async () => {
    const grant = await upstream.issue('static');
    const answers = [await refresh(grant), await refresh(grant)];
    expect(answers.map(({ body }) => body['refresh_token'])).toEqual([grant.refreshToken, grant.refreshToken]);
    const { sends, alive, requests } = await upstream.record(grant.grantId);
    expect(Object.values(sends)).toEqual([2]);
    expect(requests.map(({ consumed }) => consumed)).toEqual([false, false]);
    expect(alive).toBe(true);
  });

  it('should tell whether a refresh token was used, but only to clients that may ask', async () => {
    const grant = await upstream.issue('grace', { introspection: true });
    const url = grant.introspectionUrl ?? '';
    const ask = (): Promise<Answered> => post(url, grant, `token=${grant.refreshToken}`);
    expect((await ask()).body['active']).toBe(true);
    await refresh(grant);
    expect((await ask()).body['active']).toBe(false);
    const mute = await upstream.issue('grace');
    expect(mute.introspectionUrl).toBeUndefined();
    expect((await post(url, mute, `token=${mute.refreshToken}`)).status).toBe(404);
  });

  it.each<[FaultKind, boolean, boolean]>([
    ['lost', true, true],
    ['truncated', true, true],
    ['bad_gateway', true, true],
    ['late', true, true],
    ['slow', true, false],
    ['nonsense_expiry', true, false],
    ['unusable', true, false],
    ['cut_before', false, false],
    ['unprocessed_503', false, false],
    ['rate_limited', false, false],
    ['invalid_client', false, false],
  ])(
    'should record of the fault %s that the token was consumed: %s, and the account lost: %s',
    async (kind, consumed, lost) => {
      const grant = await upstream.issue('strict');
      await upstream.fault({ kind, grantId: grant.grantId, ms: 50 });
      await refresh(grant).catch(() => undefined);
      await until(
        'the fault was played',
        async () => (await upstream.record(grant.grantId)).requests[0]?.fault === kind,
      );
      await new Promise((resolve) => void setTimeout(resolve, 100));
      expect((await upstream.record(grant.grantId)).requests).toMatchObject([{ fault: kind, consumed }]);
      const losses = (await upstream.smallestPossibleLoss()).map(({ grantId }) => grantId);
      expect(losses.includes(grant.grantId)).toBe(lost);
    },
  );

  it('should reset a connection before it reads a byte', async () => {
    const grant = await upstream.issue('strict');
    await upstream.fault({ kind: 'refused' });
    const socket = connect(Number(new URL(grant.tokenUrl).port), '127.0.0.1');
    const [error] = (await once(socket, 'error')) as [unknown];
    expect(error).toMatchObject({ code: 'ECONNRESET' });
    expect((await upstream.record(grant.grantId)).requests).toEqual([]);
    await expect(upstream.fault({ kind: 'refused', grantId: grant.grantId })).rejects.toThrow('set this fault for all');
  });
});

/** A client that sends a refresh and reads the answer, or leaves it with the operating system. */
const CLIENT = `
const [port, length, head, body, reads] = process.argv.slice(1);
const socket = require('node:net').connect(Number(port), '127.0.0.1');
socket.write(head + body);
reads === 'reads' ? socket.on('data', () => undefined) : socket.pause();
setInterval(() => undefined, 1000);`;

function startClient(grant: IssuedGrant, reads: 'reads' | 'leaves'): ChildProcess {
  const body = form(grant);
  const head = `POST /token HTTP/1.1\r\nhost: upstream\r\nconnection: close\r\nauthorization: ${basic(grant)}\r\n`;
  const type = `content-type: application/x-www-form-urlencoded\r\ncontent-length: ${body.length}\r\n\r\n`;
  const { port } = new URL(grant.tokenUrl);
  return spawn(process.execPath, ['-e', CLIENT, port, String(body.length), head + type, body, reads]);
}

/** What the record says of an answer that a client got and was then sent this signal. */
async function deliveredTo(reads: 'reads' | 'leaves', signal: NodeJS.Signals): Promise<unknown> {
  const grant = await upstream.issue('strict');
  const client = startClient(grant, reads);
  await until(
    'it is answered',
    async () => ((await upstream.record(grant.grantId)).requests[0]?.answeredAt ?? null) !== null,
  );
  await new Promise((resolve) => void setTimeout(resolve, 200));
  client.kill(signal);
  await new Promise((resolve) => void setTimeout(resolve, 100));
  const delivered = (await upstream.record(grant.grantId)).requests[0]?.delivered;
  client.kill('SIGKILL');
  return delivered;
}

describe('what the upstream records of an answer that was written', () => {
  it('should be that it was not delivered to a client that was killed with it unread', async () => {
    expect(await deliveredTo('leaves', 'SIGKILL')).toBe(false);
  });

  it('should be that it was delivered to a client that was killed after it had read it', async () => {
    expect(await deliveredTo('reads', 'SIGKILL')).toBe(true);
  });

  it('should stay open while the client is frozen with it unread', async () => {
    expect(await deliveredTo('leaves', 'SIGSTOP')).toBeNull();
  });
});
