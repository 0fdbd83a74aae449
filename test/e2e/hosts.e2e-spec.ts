import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { broughtToken, pathOf } from '../support/connect.js';
import { eventually } from '../support/eventually.js';
import { startTestSandbox } from '../support/sandbox.js';
import { type Asked, TokenClient } from '../support/token-client.js';

const UNCONFIRMED = {
  status: 409,
  body: { code: 'connection_misconfigured', upstream: { reason: 'host_unconfirmed' } },
};
const ANSWER = JSON.stringify({ access_token: 'of-the-new-host', token_type: 'Bearer', expires_in: 3600 });

let sandbox: Sandbox;
let broker: TestBroker;
let service: TokenClient;
/** Where an editor would have the credentials sent; it answers as a provider does. */
let evil: Server;
let evilUrl: string;
let requests: string[];
let made = 0;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
  service = new TokenClient(broker, await broker.keyFor(['*/*']));
  evil = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    request.resume();
    response.setHeader('content-type', 'application/json').end(ANSWER);
  }).listen(0, '127.0.0.1');
  await once(evil, 'listening');
  evilUrl = `http://127.0.0.1:${(evil.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await service?.close();
  await broker?.stop();
  await sandbox?.close();
  evil.close();
});

beforeEach(() => {
  requests = [];
});

const admin = (method: 'put' | 'patch' | 'post' | 'get', path: string, body: object = {}) =>
  method === 'get' ? broker.as().get(path) : broker.as()[method](path).send(body);

/** A provider of its own, with what is issued to it at its own level or at its connection's. */
async function newAccount(type: string, { held = true, shares = true }: { held?: boolean; shares?: boolean } = {}) {
  made += 1;
  const provider = `p-${made}`;
  const { settings, secrets, credential } = await sandbox.issue(type);
  const configured = { type: type === 'slack' ? 'oauth2' : type, settings, secrets: shares ? secrets : {} };
  await admin('put', `/admin/providers/${provider}`, configured).expect(201);
  const own = shares ? credential : { ...secrets, ...credential };
  const token = held ? { token: broughtToken('still-good', 600) } : {};
  const path = pathOf(provider, 'acme');
  await admin('put', path, { credential: own, ...token }).expect(201);
  return {
    provider,
    path,
    own,
    secrets,
    at: `/admin/providers/${provider}`,
    get: (asked: Asked = {}) => service.post(provider, { connection: 'acme', ...asked }),
    view: async () => (await admin('get', path)).body,
  };
}

const at = (host: string) => ({ settings: { url_parameters: { host } } });

/** Whoever may ask has asked, and the scheduler has looked: nothing went there. */
async function expectNothingSent({ path, get }: Awaited<ReturnType<typeof newAccount>>): Promise<void> {
  await Promise.all([1, 2, 3].map((generation) => get({ min_ttl: 3000, rejected_generation: generation })));
  expect(await admin('post', `${path}/refresh`)).toMatchObject(UNCONFIRMED);
  await admin('post', `${path}/resume`).expect(200);
  await nextLook();
  expect(requests).toEqual([]);
}

/** Another connection that became due later was renewed: the scheduler came by since. */
async function nextLook(): Promise<void> {
  const { view } = await newAccount('berbix', { held: false });
  await eventually(async () => expect(await view()).toMatchObject({ token: { generation: 2 } }));
}

describe('a changed host', () => {
  it('should get nothing before it is confirmed: not from callers, the scheduler or an operator', async () => {
    const sut = await newAccount('berbix');
    const changed = await admin('patch', sut.at, { settings: { base_url: evilUrl } }).expect(200);

    expect(changed.body).toMatchObject({ unconfirmed_hosts: [evilUrl] });
    expect(await sut.view()).toMatchObject({
      state: 'misconfigured',
      state_reason: { reason: 'host_unconfirmed' },
      unconfirmed_hosts: [evilUrl],
      refresh: { next_at: null },
    });
    const { body } = await sut.get();
    expect(body).toMatchObject({ access_token: 'still-good', warnings: [{ code: 'refresh_failing' }] });
    expect(await sut.get({ rejected_generation: 1 })).toMatchObject(UNCONFIRMED);
    await expectNothingSent(sut);
    const listed = await broker.as().get(`/admin/connections?provider=${sut.provider}&state=misconfigured`);
    expect(listed.body.items).toHaveLength(1);
    expect((await broker.as().get(`/admin/connections?provider=${sut.provider}&state=active`)).body.items).toEqual([]);
  });

  it('should say what to do where no token lives any more', async () => {
    const sut = await newAccount('berbix');
    await admin('patch', sut.at, { settings: { base_url: evilUrl } });
    const { body } = await sut.get({ rejected_generation: 1 });

    expect(body.detail).toContain(`POST /admin/providers/${sut.provider}/confirm-hosts`);
  });

  it('should be used once it is confirmed, and the confirmation be recorded once', async () => {
    const sut = await newAccount('berbix');
    const { headers } = await admin('patch', sut.at, { settings: { base_url: evilUrl } });
    await admin('post', `${sut.at}/confirm-hosts`).set('if-match', '"77"').expect(412);
    const confirmed = await admin('post', `${sut.at}/confirm-hosts`)
      .set('if-match', String(headers['etag']))
      .expect(200);
    await admin('post', `${sut.at}/confirm-hosts`).expect(200);

    expect(confirmed.body).not.toHaveProperty('unconfirmed_hosts');
    await eventually(() => expect(requests).toEqual(['POST /v0/tokens']));
    expect((await sut.get({ rejected_generation: 1 })).body).toMatchObject({ access_token: 'of-the-new-host' });
    expect(await sut.view()).toMatchObject({ state: 'active', state_reason: null });
    const { body } = await broker.as().get(`/audit/events?provider=${sut.provider}&limit=100`);
    const { items } = body as { items: readonly { action: string; reason: string | null }[] };
    const changes = items.filter(({ action }) => action.startsWith('provider.'));
    expect(changes.map(({ action, reason }) => [action, reason])).toEqual([
      ['provider.hosts_confirmed', null],
      ['provider.updated', 'host_unconfirmed'],
      ['provider.created', null],
    ]);
  });

  it('should need no confirmation where it is changed back', async () => {
    const sut = await newAccount('berbix');
    const { body } = await admin('get', sut.at);
    await admin('patch', sut.at, { settings: { base_url: evilUrl } });
    await admin('patch', sut.at, { settings: body.settings });

    expect(await sut.view()).toMatchObject({ state: 'active' });
    expect((await admin('get', sut.at)).body).not.toHaveProperty('unconfirmed_hosts');
    await eventually(async () => expect(await sut.view()).toMatchObject({ token: { generation: 2 } }));
    expect(requests).toEqual([]);
  });

  it('should need none where nothing is held that could be sent there', async () => {
    await admin('put', '/admin/providers/empty', { type: 'klavi', settings: { base_url: 'https://a.example' } });
    const { body } = await admin('patch', '/admin/providers/empty', { settings: { base_url: evilUrl } });

    expect(body).not.toHaveProperty('unconfirmed_hosts');
  });

  it('should not be confirmed by what was paused being resumed, nor by a credential that came without it', async () => {
    const sut = await newAccount('berbix');
    await admin('post', `${sut.path}/pause`);
    await admin('patch', sut.at, { settings: { base_url: evilUrl } });
    expect(await sut.view()).toMatchObject({ state: 'paused', unconfirmed_hosts: [evilUrl] });
    await admin('post', `${sut.path}/resume`);
    await admin('patch', sut.path, { credential: { refresh_token: 'a-new-one' } }).expect(200);
    await admin('patch', sut.at, { secrets: sut.secrets }).expect(200);
    await admin('put', sut.path, { credential: { refresh_token: 'another' } }).expect(200);

    expect(await sut.view()).toMatchObject({ state: 'misconfigured', unconfirmed_hosts: [evilUrl] });
    await expectNothingSent(sut);
  });

  it('should not be confirmed by who saw another one: the version of the connection moves with it', async () => {
    const sut = await newAccount('berbix');
    await admin('patch', sut.at, { settings: { base_url: 'https://good.example' } });
    const seen = await admin('get', sut.path);
    expect(seen.body).toMatchObject({ unconfirmed_hosts: ['https://good.example'] });
    await admin('patch', sut.at, { settings: { base_url: evilUrl } });
    const confirm = (etag = '') => admin('post', `${sut.path}/confirm-hosts`).set('if-match', etag);
    await confirm(seen.headers['etag']).expect(412);
    expect(await sut.view()).toMatchObject({ unconfirmed_hosts: [evilUrl] });
    await expectNothingSent(sut);
    const unchanged = await admin('get', sut.path);
    await admin('patch', sut.at, { settings: { base_url: evilUrl } }).expect(200);
    await confirm(unchanged.headers['etag']).expect(200);
    await eventually(() => expect(requests).toEqual(['POST /v0/tokens']));
  });

  it('should hold back the provider’s secrets from a connection that is made afterwards', async () => {
    const sut = await newAccount('berbix');
    await admin('patch', sut.at, { settings: { base_url: evilUrl } });
    const { body } = await admin('put', pathOf(sut.provider, 'later'), { credential: { refresh_token: 'bait' } });

    expect(body).toMatchObject({ state: 'misconfigured', unconfirmed_hosts: [evilUrl] });
    await expectNothingSent(sut);
  });
});

describe('a host that a connection names for itself', () => {
  it('should get neither its credential nor the provider’s secrets before it is confirmed', async () => {
    const sut = await newAccount('berbix');
    await admin('patch', sut.path, { settings: { base_url: evilUrl } }).expect(200);
    const body = { settings: { base_url: evilUrl }, credential: { refresh_token: 'bait' } };
    const bait = await admin('put', pathOf(sut.provider, 'bait'), body);

    expect(await sut.view()).toMatchObject({ state: 'misconfigured', unconfirmed_hosts: [evilUrl] });
    expect(bait.body).toMatchObject({ state: 'misconfigured', unconfirmed_hosts: [evilUrl] });
    await admin('post', `${sut.at}/confirm-hosts`).expect(200);
    await expectNothingSent(sut);
    const { body: confirmed } = await admin('post', `${sut.path}/confirm-hosts`).expect(200);
    expect(confirmed).toMatchObject({ state: 'active', state_reason: null });
    await eventually(() => expect(requests).toEqual(['POST /v0/tokens']));
  });

  it('should be confirmed by a credential that comes along, where no secrets are shared', async () => {
    const sut = await newAccount('berbix', { shares: false });
    const { body } = await admin('put', sut.path, { settings: { base_url: evilUrl }, credential: sut.own });

    expect(body).toMatchObject({ state: 'active' });
    await eventually(() => expect(requests).toEqual(['POST /v0/tokens']));
  });

  it('should be told from the parameters of a URL, and from the preset', async () => {
    const token_url = `${evilUrl.replace('127.0.0.1', '{host}')}/token`;
    const settings = { token_url, client_id: 'claviger' };
    const secrets = { client_secret: 'shared' };
    await admin('put', '/admin/providers/templated', { type: 'oauth2', settings, secrets }).expect(201);
    const path = pathOf('templated', 'acme');
    const credential = { refresh_token: 'held' };
    await admin('put', path, { ...at('localhost'), credential, token: broughtToken('held', 600) }).expect(201);
    await admin('post', `${path}/confirm-hosts`).expect(200);
    const moved = await admin('patch', path, at('127.0.0.1')).expect(200);
    expect(moved.body).toMatchObject({ state: 'misconfigured', unconfirmed_hosts: [evilUrl] });
    const slack = await newAccount('slack');
    const preset = { preset: 'docusign', token_url: null };
    const other = await admin('patch', slack.at, { settings: preset }).expect(200);

    expect(other.body).toMatchObject({ unconfirmed_hosts: ['https://account.docusign.com'] });
    expect(await slack.view()).toMatchObject({ state: 'misconfigured' });
    expect(await admin('post', `${path}/refresh`)).toMatchObject(UNCONFIRMED);
    await expectNothingSent(slack);
  });
});

it('should get nothing from refreshes that were asked for while it was changed', async () => {
  const sut = await newAccount('berbix');
  const { body: good } = await admin('get', sut.at);
  for (let round = 0; round < 4; round += 1) {
    const asked = [1, 2, 3, 4].map(() => admin('post', `${sut.path}/refresh`).then(({ status }) => status));
    await admin('patch', sut.at, { settings: { base_url: evilUrl } }).expect(200);
    expect((await Promise.all(asked)).every((status) => status === 200 || status === 409)).toBe(true);
    await admin('patch', sut.at, { settings: good.settings }).expect(200);
  }
  expect(requests).toEqual([]);
});
