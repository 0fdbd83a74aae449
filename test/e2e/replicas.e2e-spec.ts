import { Scheduler } from '@app/tokens';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { IssueOptions, Sandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { bodyOf, broughtToken, connect, pathOf } from '../support/connect.js';
import { eventually } from '../support/eventually.js';
import { startTestSandbox } from '../support/sandbox.js';
import { sql } from '../support/test-database.js';
import { type Asked, TokenClient } from '../support/token-client.js';

/** What an administrator changes on one replica holds on every other from here on (http.md). */
const BINDS_WITHIN_MS = 2000;

let sandbox: Sandbox;
let one: TestBroker;
let two: TestBroker;
let service: TokenClient;
let neighbour: TokenClient;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  one = await startBroker();
  two = await startBroker({ replicaOf: one });
  // Nothing is renewed unless somebody asks.
  await one.app.get(Scheduler).stop();
  await two.app.get(Scheduler).stop();
  const key = await one.keyFor(['*/*']);
  service = new TokenClient(one, key);
  neighbour = new TokenClient(two, key);
});

afterAll(async () => {
  await service?.close();
  await neighbour?.close();
  await two?.stop();
  await one?.stop();
  await sandbox?.close();
});

let made = 0;

/** A connection made on the first replica. */
const newConnection = async (provider: string, options: IssueOptions & { readonly token?: object } = {}) => {
  made += 1;
  const connection = `c-${made}`;
  const { id } = await connect({ broker: one, sandbox }, provider, connection, options);
  return {
    id,
    connection,
    path: pathOf(provider, connection),
    onOne: (asked: Asked = {}) => service.post(provider, { connection, ...asked }),
    onTwo: (asked: Asked = {}) => neighbour.post(provider, { connection, ...asked }),
    received: () => sandbox.requests({ credential: id }).map(({ step, answer }) => `${step}: ${answer}`),
  };
};

describe('two replicas', () => {
  it('should make one refresh for callers on both', async () => {
    const sut = await newConnection('klavi', { old_token_dies: true, token: broughtToken('expired') });
    await sql(`update connections set token_expires_at = clock_timestamp() where name = $1`, [sut.connection]);
    const asked = Array.from({ length: 200 }, (_, index) => (index % 2 ? sut.onOne() : sut.onTwo()));
    const answers = await Promise.all(asked);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const tokens = new Set(answers.map(({ body }) => body.access_token));
    expect(tokens.size).toBe(1);
    expect(sandbox.lookup([...tokens][0] ?? '')).toMatchObject({ live: true, credential: sut.id });
    expect(sut.received()).toHaveLength(1);
  });

  it('should make one refresh for reports of one generation on both', async () => {
    const sut = await newConnection('onmeta');
    const { body } = await sut.onOne();
    expect((await sut.onTwo()).body).toMatchObject({ access_token: body.access_token, source: 'cache' });
    const reports = Array.from({ length: 100 }, (_, index) =>
      (index % 2 ? sut.onOne : sut.onTwo)({ rejected_generation: body.generation }),
    );
    const answers = await Promise.all(reports);
    expect(new Set(answers.map((answer) => answer.body.generation))).toEqual(new Set([body.generation + 1]));
    expect(sut.received()).toEqual(['refresh: success', 'refresh: success']);
  });

  it('should use the credential that the other one rotated', async () => {
    const sut = await newConnection('klavi', { old_token_dies: true });
    const { body: first } = await sut.onOne();
    const { body: second } = await sut.onTwo({ rejected_generation: first.generation });
    const { body: third } = await sut.onOne({ rejected_generation: second.generation });
    expect([first, second, third].map(({ generation }) => generation)).toEqual([2, 3, 4]);
    expect(sandbox.lookup(first.access_token)).toMatchObject({ live: false });
    expect(sandbox.lookup(second.access_token)).toMatchObject({ live: false });
    expect(sandbox.lookup(third.access_token)).toMatchObject({ live: true });
    expect(sut.received()).toEqual(['refresh: success', 'refresh: success', 'refresh: success']);
  });

  it('should notice what the other one renewed', async () => {
    const sut = await newConnection('berbix');
    const { body: first } = await sut.onTwo();
    const { body: second } = await sut.onOne({ rejected_generation: first.generation });
    await eventually(async () => {
      expect((await sut.onTwo()).body).toMatchObject({ access_token: second.access_token, source: 'cache' });
    }, BINDS_WITHIN_MS);
    expect(sut.received()).toHaveLength(2);
  });

  it('should respect the back-off of the other one', async () => {
    const sut = await newConnection('klavi');
    sandbox.fault('klavi', { kind: 'rate_limited', retry_after: 60, credential: sut.id });
    const busy = { status: 503, body: { code: 'provider_unavailable', upstream: { status: 429 } } };
    expect(await sut.onOne()).toMatchObject(busy);
    expect(await sut.onTwo()).toMatchObject(busy);
    expect(sut.received()).toEqual(['refresh: rate_limited']);
  });
});

/** A connection whose token both hold. */
const knownToBoth = async () => {
  const sut = await newConnection('klavi');
  const { body } = await sut.onOne();
  expect((await sut.onTwo()).body.access_token).toBe(body.access_token);
  return sut;
};

const soonOnTwo = (sut: Awaited<ReturnType<typeof knownToBoth>>, expected: object) =>
  eventually(async () => expect(await sut.onTwo()).toMatchObject(expected), BINDS_WITHIN_MS);

describe('an admin change on one replica is seen on the other within 2 s', () => {
  it('should hold for a pause and for its end', async () => {
    const sut = await knownToBoth();
    await one.as().post(`${sut.path}/pause`).expect(200);
    expect(await sut.onOne()).toMatchObject({ status: 409, body: { code: 'connection_paused' } });
    await soonOnTwo(sut, { status: 409, body: { code: 'connection_paused' } });
    await one.as().post(`${sut.path}/resume`).expect(200);
    await soonOnTwo(sut, { status: 200 });
    expect(sut.received()).toHaveLength(1);
  });

  it('should hold for a replaced credential: no token of the old one is handed out', async () => {
    const sut = await knownToBoth();
    const next = await sandbox.issue('klavi');
    await one.as().patch(sut.path).send(bodyOf(next)).expect(200);
    const { body } = await sut.onOne();
    expect(sandbox.lookup(body.access_token)).toMatchObject({ credential: next.id });
    await soonOnTwo(sut, { status: 200, body: { access_token: body.access_token } });
    expect(sut.received()).toHaveLength(1);
    expect(sandbox.requests({ credential: next.id })).toHaveLength(1);
  });

  it('should hold for a deleted connection', async () => {
    const sut = await knownToBoth();
    await one.as().delete(sut.path).expect(204);
    expect(await sut.onOne()).toMatchObject({ status: 404 });
    await soonOnTwo(sut, { status: 404, body: { code: 'not_found' } });
    expect(sut.received()).toHaveLength(1);
  });

  it("should hold for a caller's rules", async () => {
    const sut = await knownToBoth();
    const rules = (list: readonly string[]) => one.as().put('/admin/callers/shop').send({ rules: list });
    await rules(['klavi/*']).expect(201);
    const { body } = (await one.as().post('/admin/callers/shop/keys').send({})) as { body: { key: string } };
    const ask = () => two.as(body.key).get(`/providers/klavi/token?connection=${sut.connection}`);
    await eventually(async () => void (await ask().expect(200)), BINDS_WITHIN_MS);
    await rules(['onmeta/*']).expect(200);
    await eventually(async () => void (await ask().expect(404)), BINDS_WITHIN_MS);
    expect(sut.received()).toHaveLength(1);
  });
});
