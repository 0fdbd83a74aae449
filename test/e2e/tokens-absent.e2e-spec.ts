import { Scheduler } from '@app/tokens';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { connect, pathOf } from '../support/connect.js';
import { rawRequest, sendRaw } from '../support/raw-http.js';
import { startTestSandbox } from '../support/sandbox.js';
import { sql } from '../support/test-database.js';

let sandbox: Sandbox;
let broker: TestBroker;
/** May get tokens of klavi/mine and of nothing else. */
let key: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
  // Nothing is renewed unless somebody asks.
  await broker.app.get(Scheduler).stop();
  key = await broker.keyFor(['klavi/mine', 'berbix/our-*']);
});

afterAll(async () => {
  await broker?.stop();
  await sandbox?.close();
});

/** The whole answer over the wire, but for the time of day and the length, which is that of the body. */
const send = async (request: string) => {
  const { status, headers, body } = await sendRaw(broker.url, request);
  const { date: _date, 'content-length': length, ...rest } = headers;
  expect(length).toBe(String(Buffer.byteLength(body)));
  return { status, headers: rest, body };
};

const answerTo = (name: string, by = key) => {
  const [provider, connection] = name.split('/');
  const headers = [`Authorization: Bearer ${by}`, 'X-Request-Id: the-same'];
  return send(rawRequest('GET', `/providers/${provider}/token?connection=${connection}`, headers));
};

/** The same answer to a question with other names. */
const renamed = (answer: Awaited<ReturnType<typeof answerTo>>, from: string, to: string) => {
  const [[fromProvider = '', fromConnection = ''], [toProvider = '', toConnection = '']] = [
    from.split('/'),
    to.split('/'),
  ];
  const text = JSON.stringify(answer)
    .replaceAll(`\\"connection\\":\\"${fromConnection}\\"`, `\\"connection\\":\\"${toConnection}\\"`)
    .replaceAll(`\\"provider\\":\\"${fromProvider}\\"`, `\\"provider\\":\\"${toProvider}\\"`);
  return JSON.parse(text) as typeof answer;
};

/** The answer to a report. */
const post = (connection: string) => {
  const content = JSON.stringify({ connection, rejected_generation: 1 });
  const headers = [
    `Authorization: Bearer ${key}`,
    'X-Request-Id: the-same',
    'Content-Type: application/json',
    `Content-Length: ${content.length}`,
  ];
  return send(rawRequest('POST', '/providers/klavi/token', headers, content));
};

describe('a caller without a rule cannot tell absent from forbidden', () => {
  it('should get the same bytes before the connection exists, while it does, and after', async () => {
    const before = await answerTo('klavi/theirs');
    expect(before).toMatchObject({ status: 404, headers: { 'x-request-id': 'the-same' } });
    expect(JSON.parse(before.body)).toMatchObject({ code: 'not_found', provider: 'klavi', connection: 'theirs' });
    await connect({ broker, sandbox }, 'klavi', 'theirs');
    expect(await answerTo('klavi/theirs')).toEqual(before);
    await broker
      .as()
      .post(`${pathOf('klavi', 'theirs')}/pause`)
      .expect(200);
    expect(await answerTo('klavi/theirs')).toEqual(before);
    await broker.as().delete(pathOf('klavi', 'theirs')).expect(204);
    expect(await answerTo('klavi/theirs')).toEqual(before);
    expect(sandbox.requests()).toEqual([]);
  });

  it('should get for a forbidden connection, but for the names, what others get for an absent one', async () => {
    await connect({ broker, sandbox }, 'klavi', 'secret');
    const other = await broker.keyFor(['*/*']);
    const absent = await answerTo('klavi/nobody', other);
    expect(absent.status).toBe(404);
    const forbidden = await answerTo('klavi/secret');
    expect(renamed(forbidden, 'klavi/secret', 'klavi/nobody')).toEqual(absent);
  });

  it.each([
    ['a provider that is not configured', 'nowhere/default'],
    ['a connection under a rule of its own that is absent', 'klavi/mine'],
    ['a connection under a pattern that is absent', 'berbix/our-1'],
    ['a name that begins like an allowed one', 'klavi/mine2'],
  ])('should get the same for %s', async (_what, name) => {
    const forbidden = await answerTo('klavi/secret');
    expect(renamed(await answerTo(name), name, 'klavi/secret')).toEqual(forbidden);
  });

  it('should get the same by POST, whatever it reports', async () => {
    const [forbidden, absent] = [await post('secret'), await post('nobody')];
    expect(forbidden.status).toBe(404);
    expect(renamed(forbidden, 'klavi/secret', 'klavi/nobody')).toEqual(absent);
    expect(forbidden).toEqual(await answerTo('klavi/secret'));
  });

  it('should see neither of them in its list', async () => {
    await connect({ broker, sandbox }, 'berbix', 'our-2');
    const { body } = await broker.as(key).get('/providers');
    expect(body).toMatchObject({
      items: [{ provider: 'berbix', connection: 'our-2', type: 'berbix' }],
      next_cursor: null,
    });
  });

  it('should be no different for an administrator: rules and roles are separate', async () => {
    expect(renamed(await answerTo('klavi/secret', broker.adminKey), 'klavi/secret', 'klavi/nobody')).toEqual(
      await answerTo('klavi/nobody', broker.adminKey),
    );
  });

  it('should leave the same lines in the audit log, and no attempt', async () => {
    await answerTo('klavi/secret');
    await answerTo('klavi/nobody');
    const rows = await sql<{ connection: string }>(
      `select distinct action, outcome, reason, provider, connection, generation, upstream_status, token_fingerprint
       from audit_lines where action = 'token.refused' and connection in ('secret', 'nobody') order by connection`,
    );
    expect(rows.map(({ connection: _connection, ...row }) => row)).toEqual(
      Array.from({ length: 2 }, () => ({
        action: 'token.refused',
        outcome: 'refused',
        reason: 'not_found',
        provider: 'klavi',
        generation: null,
        upstream_status: null,
        token_fingerprint: null,
      })),
    );
    expect(await sql('select id from attempts')).toEqual([]);
    expect(sandbox.requests()).toEqual([]);
  });
});
