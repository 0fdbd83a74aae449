import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { DirectTokens } from '../../apps/broker/src/token/direct.tokens.js';
import { auditEvents } from '../support/audit-log.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { broughtToken, connect, pathOf } from '../support/connect.js';
import { exchangeRaw, rawRequest } from '../support/raw-http.js';
import { startTestSandbox } from '../support/sandbox.js';

/** A plain request is answered directly; the same with its members in another order goes through the framework's pipeline. */
const plain = (connection: string) => `/providers/onmeta/token?connection=${connection}&min_ttl=60`;
const piped = (connection: string) => `/providers/onmeta/token?min_ttl=60&connection=${connection}`;

let sandbox: Sandbox;
let broker: TestBroker;
let key: string;
const served: boolean[] = [];

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker({ environment: { TRUSTED_PROXIES: '127.0.0.1/32', RATE_LIMIT: '5000' } });
  key = await broker.keyFor(['onmeta/*']);
  for (const connection of ['acme', 'paused']) {
    await connect({ broker, sandbox }, 'onmeta', connection, { token: broughtToken(`token-${connection}`, 86_400) });
  }
  await broker.as().post(`${pathOf('onmeta', 'paused')}/pause`);
  // The first request of a key after a change proves it, in the pipeline.
  await ask(piped('acme'), 'first');

  const direct = broker.app.get(DirectTokens);
  const serve = direct.serve.bind(direct);
  direct.serve = (request, response) => {
    const isDirect = serve(request, response);
    served.push(isDirect);
    return isDirect;
  };
});

afterAll(async () => {
  await broker?.stop();
  await sandbox?.close();
});

async function ask(path: string, id: string, shown = key) {
  const headers = {
    authorization: `Bearer ${shown}`,
    'x-request-id': id,
    'x-forwarded-for': '198.51.100.7, 203.0.113.9',
  };
  const answer = await fetch(`${broker.url}${path}`, { headers });
  const names = [...answer.headers.keys()].toSorted();
  const body = (await answer.json()) as Record<string, unknown>;
  return { status: answer.status, type: answer.headers.get('content-type'), names, body: { ...body, instance: id } };
}

/** What the log says of a request, without what differs from row to row. */
async function recorded(id: string) {
  const events = await auditEvents(broker, `request_id=${id}`);
  return events.map(({ id: _id, at: _at, request_id: _requestId, ...event }) => event);
}

/** Time goes on between two answers. */
const still = ({ body, ...answer }: Awaited<ReturnType<typeof ask>>) => ({
  ...answer,
  body: { ...body, expires_in: 0, instance: '' },
});

describe('a request that is answered directly', () => {
  it.each([
    ['a token', 'acme', 200],
    ['an absent connection', 'absent', 404],
    ['a paused connection', 'paused', 409],
  ])('should get for %s the answer, headers and row that the pipeline gives', async (_what, connection, status) => {
    served.length = 0;
    const first = await ask(piped(connection), `piped-${connection}`);
    const second = await ask(plain(connection), `plain-${connection}`);
    expect(served).toEqual([false, true]);
    expect(first.status).toBe(status);
    expect(still(second)).toEqual(still(first));
    const rows = await recorded(`plain-${connection}`);
    expect(rows).toEqual(await recorded(`piped-${connection}`));
    expect(rows).toMatchObject([{ client_ip: '203.0.113.9', connection }]);
  });

  it('should get its whole answer, in its turn, where several are sent at once over one connection', async () => {
    served.length = 0;
    const ids = ['first', 'second', 'third'];
    const requests = ids.map((id) =>
      rawRequest('GET', plain('acme'), [`Authorization: Bearer ${key}`, `X-Request-Id: ${id}`]),
    );
    const [last] = requests.splice(-1);
    const staying = requests.map((request) => request.replace('Connection: close\r\n', ''));
    const text = await exchangeRaw(broker.url, `${staying.join('')}${last}`);
    const answers = text.split(/(?=HTTP\/1\.1 200)/).map((answer) => answer.split('\r\n\r\n'));
    expect(served).toEqual([true, true, true]);
    expect(answers.map(([head = '']) => /x-request-id: (\S+)/.exec(head)?.[1])).toEqual(ids);
    expect(answers.map(([head = '']) => Number(/content-length: (\d+)/.exec(head)?.[1]))).toEqual(
      answers.map(([, body = '']) => body.length),
    );
    expect(answers.map(([, body = '']) => (JSON.parse(body) as Record<string, unknown>)['access_token'])).toEqual(
      ids.map(() => 'token-acme'),
    );
  });

  it('should be counted like any other', async () => {
    const line =
      /^claviger_http_requests_total\{method="GET",route="\/providers\/:provider\/token",status="200"\} (\d+)$/m;
    const count = async () => Number(line.exec(await (await fetch(`${broker.url}/metrics`)).text())?.[1]);
    const before = await count();
    await ask(plain('acme'), 'counted');
    expect(await count()).toBe(before + 1);
  });

  it('should be one of a key that is good still: a revoked one is refused by the pipeline', async () => {
    await broker
      .as()
      .put('/admin/callers/leaver')
      .send({ rules: ['onmeta/*'] });
    const { body } = await broker.as().post('/admin/callers/leaver/keys').send({});
    const leaver = body as { readonly key: string; readonly key_id: string };
    // The first is behind its own change, which has everything read anew; the second proves the key to what was read.
    await ask(plain('acme'), 'leaver-1', leaver.key);
    await ask(plain('acme'), 'leaver-2', leaver.key);
    served.length = 0;
    expect((await ask(plain('acme'), 'leaver-3', leaver.key)).status).toBe(200);
    expect(served).toEqual([true]);
    await broker.as().delete(`/admin/callers/leaver/keys/${leaver.key_id}`);
    expect((await ask(plain('acme'), 'leaver-4', leaver.key)).status).toBe(401);
    expect(served.at(-1)).toBe(false);
  });
});
