import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CredentialPart, IssuedCredential, Sandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { bodyOf, connect, pathOf } from '../support/connect.js';
import { eventually } from '../support/eventually.js';
import { startTestSandbox } from '../support/sandbox.js';
import { TokenClient } from '../support/token-client.js';

let sandbox: Sandbox;
let broker: TestBroker;
let service: TokenClient;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
  service = new TokenClient(broker, await broker.keyFor(['*/*']));
});

afterAll(async () => {
  await service?.close();
  await broker?.stop();
  await sandbox?.close();
});

/** Fields that allow logging in without a person. */
const RELOGIN = ['email', 'access_key', 'secret_key', 'username', 'password'];

const without = (fields: Readonly<Record<string, unknown>>, names: readonly string[]) =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

/** A credential of which a part is dead already, made a connection: with or without what it could be won back with. */
const connectDead = async (provider: string, connection: string, part: CredentialPart, keep: boolean) => {
  const issued = await sandbox.issue(provider);
  sandbox.revoke(issued.id, part);
  const { settings, credential } = bodyOf(issued);
  const body = { settings, credential: keep ? credential : without(credential, RELOGIN) };
  await broker.as().put(pathOf(provider, connection)).send(body).expect(201);
  return issued;
};

const received = ({ id }: IssuedCredential) =>
  sandbox.requests({ credential: id }).map(({ step, answer }) => `${step}: ${answer}`);

/** Resolves when the scheduler has looked at everything that is due. */
const schedulerLooked = async () => {
  const other = await connect({ broker, sandbox }, 'berbix', 'canary');
  await eventually(() => expect(received(other)).toEqual(['refresh: success']));
};

const attemptsOf = async (provider: string, connection: string) => {
  const { body } = await broker.as().get('/audit/events').query({ provider, connection, limit: 100 });
  const { items } = body as { items: readonly Record<string, unknown>[] };
  return items
    .toReversed()
    .filter(({ action }) => String(action).startsWith('refresh.'))
    .map((event) => [event['action'], event['outcome'], event['reason'], event['upstream_status']]);
};

describe('a refused credential → 409, no further provider request until it is replaced', () => {
  it.each([
    ['onmeta', 'refresh', 401, 'unauthorized'],
    ['monetate', 'keys', 403, 'forbidden'],
    ['klearstack', 'refresh', 401, 'unauthorized'],
    ['klavi', 'access', 401, 'unauthorized'],
    ['berbix', 'refresh', 401, 'unauthorized'],
  ] as const)('should hold for %s', async (provider, part, status, reason) => {
    const dead = await connectDead(provider, 'dead', part, false);
    const asked = [
      () => service.get(provider, { connection: 'dead' }),
      () => service.post(provider, { connection: 'dead', min_ttl: 0 }),
      () => service.post(provider, { connection: 'dead', rejected_generation: 1 }),
    ];
    const refusal = { code: 'reauthorization_required', provider, connection: 'dead', upstream: { status, reason } };
    for (const ask of [...asked, ...asked]) {
      const answer = await ask();
      expect(answer).toMatchObject({ status: 409, body: { ...refusal, status: 409 } });
      expect(answer.headers['content-type']).toContain('application/problem+json');
    }
    const path = pathOf(provider, 'dead');
    expect((await broker.as().post(`${path}/refresh`)).body).toMatchObject({ status: 409, ...refusal });
    await schedulerLooked();
    expect(received(dead)).toHaveLength(1);
    const state = { state: 'reauthorization_required', state_reason: { reason, upstream_status: status } };
    expect((await broker.as().get(path)).body).toMatchObject(state);

    const next = await sandbox.issue(provider);
    const patched = await broker.as().patch(path).send(bodyOf(next));
    expect(patched.body).toMatchObject({ state: 'active', state_reason: null });
    const answer = await service.get(provider, { connection: 'dead' });
    expect(answer).toMatchObject({ status: 200, body: { warnings: [] } });
    expect(sandbox.lookup(answer.body.access_token)).toMatchObject({ live: true, credential: next.id });
    expect([received(dead).length, received(next)]).toEqual([1, ['refresh: success']]);
  });

  it('should be in the audit log with the status of the provider, attempt and refusals', async () => {
    await connectDead('berbix', 'logged', 'refresh', false);
    await service.get('berbix', { connection: 'logged' });
    expect((await attemptsOf('berbix', 'logged')).slice(1)).toEqual([
      ['refresh.failed', 'rejected', 'unauthorized', 401],
    ]);
    const { body } = await broker.as().get('/audit/events?connection=logged&action=token.refused');
    const refusal = { outcome: 'refused', reason: 'reauthorization_required', upstream_status: 401 };
    expect(body).toMatchObject({ items: [refusal] });
  });
});

const askShared = () => service.get('berbix', { connection: 'shared' });

describe('a refused configuration', () => {
  it.each([
    ['missing_company_name', 'company_name'],
    ['missing_parameter', 'refresh_token'],
  ])("should be 409 with the parameter for KlearStack's 500 (%s)", async (id, parameter) => {
    sandbox.fault('klearstack', { kind: 'answer', id });
    const issued = await connect({ broker, sandbox }, 'klearstack', id);
    const refusal = { code: 'connection_misconfigured', parameter };
    const upstream = { status: 500, reason: 'missing_parameter' };
    for (const ask of [
      () => service.get('klearstack', { connection: id }),
      () => service.post('klearstack', { connection: id }),
    ]) {
      expect(await ask()).toMatchObject({ status: 409, body: { ...refusal, upstream } });
    }
    await schedulerLooked();
    expect(received(issued)).toEqual([`refresh: ${id}`]);
    await broker
      .as()
      .patch(pathOf('klearstack', id))
      .send({ settings: { company_name: 'acme' } })
      .expect(200);
    expect(await service.get('klearstack', { connection: id })).toMatchObject({ status: 200 });
    expect(received(issued)).toEqual([`refresh: ${id}`, 'refresh: success']);
  });

  it('should not cost the credential, and be over when the secret of the provider is right', async () => {
    const { id, secrets, credential, settings } = await sandbox.issue('berbix');
    await broker
      .as()
      .patch('/admin/providers/berbix')
      .send({ secrets: { api_secret: 'secret_test_wrong' } })
      .expect(200);
    await broker.as().put(pathOf('berbix', 'shared')).send({ settings, credential }).expect(201);
    await broker
      .as()
      .post(`${pathOf('berbix', 'shared')}/confirm-hosts`)
      .expect(200);
    const upstream = { status: 401, reason: 'invalid_client' };
    expect(await askShared()).toMatchObject({ status: 409, body: { code: 'connection_misconfigured', upstream } });
    expect(await askShared()).toMatchObject({ status: 409, body: { code: 'connection_misconfigured', upstream } });
    await broker.as().patch('/admin/providers/berbix').send({ secrets }).expect(200);
    const { body } = await askShared();
    expect(sandbox.lookup(body.access_token)).toMatchObject({ live: true, credential: id });
    expect(sandbox.requests({ credential: id }).map(({ answer }) => answer)).toEqual(['bad_secret', 'success']);
  });
});

describe('a lost credential that can be won back', () => {
  it.each([
    ['onmeta', 'refresh', 'unauthorized'],
    ['klearstack', 'access', 'access_expired'],
    ['klavi', 'access', 'unauthorized'],
  ] as const)(
    'should be won back for %s without a person, in two recorded attempts',
    async (provider, part, answer) => {
      const issued = await connectDead(provider, 'lost', part, true);
      const { status, body } = await service.get(provider, { connection: 'lost' });
      expect([status, body.generation]).toEqual([200, 2]);
      expect(sandbox.lookup(body.access_token)).toMatchObject({ live: true, credential: issued.id });
      expect(received(issued)).toEqual([`refresh: ${answer}`, 'relogin: success']);
      const events = await eventually(async () => {
        const found = await attemptsOf(provider, 'lost');
        expect(found).toHaveLength(4);
        return found;
      });
      const trigger = expect.stringMatching(/^(caller|schedule)_/);
      expect(events).toEqual([
        ['refresh.started', 'started', trigger, null],
        ['refresh.failed', 'rejected', 'unauthorized', 401],
        ['refresh.started', 'started', trigger, null],
        ['refresh.succeeded', 'ok', null, 200],
      ]);
    },
  );

  it('should renew itself again with what the log-in brought', async () => {
    const issued = await connectDead('klavi', 'again', 'access', true);
    const { body } = await service.get('klavi', { connection: 'again' });
    const renewed = await service.post('klavi', { connection: 'again', rejected_generation: body.generation });
    expect(renewed).toMatchObject({ status: 200, body: { generation: 3, source: 'refresh' } });
    expect(received(issued)).toEqual(['refresh: unauthorized', 'relogin: success', 'refresh: success']);
  });

  it('should be left to a person where the keys are refused too', async () => {
    const issued = await connectDead('klavi', 'hopeless', 'all', true);
    const upstream = { status: 401, reason: 'invalid_client' };
    const refusal = { status: 409, body: { code: 'connection_misconfigured', upstream } };
    expect(await service.get('klavi', { connection: 'hopeless' })).toMatchObject(refusal);
    expect(await service.get('klavi', { connection: 'hopeless' })).toMatchObject(refusal);
    await schedulerLooked();
    expect(received(issued)).toEqual(['refresh: unauthorized', 'relogin: auth_401']);
  });
});
