import { Scheduler } from '@app/tokens';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { IssuedCredential, Sandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { connect } from '../support/connect.js';
import { startTestSandbox } from '../support/sandbox.js';
import { TokenClient } from '../support/token-client.js';

const PROVIDERS = [
  ['onmeta', 'Bearer', 3600],
  ['monetate', 'Token', 3600],
  ['klearstack', 'Bearer', 900],
  ['klavi', 'Bearer', 1800],
  ['berbix', 'Bearer', 3600],
] as const;

const MEMBERS = [
  'access_token',
  'authorization',
  'connection',
  'expires_at',
  'expires_in',
  'extra',
  'generation',
  'issued_at',
  'provider',
  'source',
  'token_type',
  'warnings',
];

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/;

let sandbox: Sandbox;
let broker: TestBroker;
let service: TokenClient;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
  // Nothing is renewed unless somebody asks.
  await broker.app.get(Scheduler).stop();
  service = new TokenClient(broker, await broker.keyFor(['*/*']));
});

afterAll(async () => {
  await service?.close();
  await broker?.stop();
  await sandbox?.close();
});

/** What the sandbox received for a credential. */
const received = ({ id }: IssuedCredential) =>
  sandbox.requests({ credential: id }).map(({ step, answer }) => `${step}: ${answer}`);

describe('a token of each provider', () => {
  describe.each(PROVIDERS)('%s', (provider, scheme, seconds) => {
    let issued: IssuedCredential;

    beforeEach(async () => {
      sandbox.reset();
      issued = await connect({ broker, sandbox }, provider, 'acme');
    });

    it('should be handed out, live, with exactly the members of the contract', async () => {
      const { status, body } = await service.get(provider, { connection: 'acme' });
      expect([status, Object.keys(body).toSorted()]).toEqual([200, MEMBERS]);
      expect(body).toMatchObject({ provider, connection: 'acme', source: 'refresh', warnings: [] });
      expect(sandbox.lookup(body.access_token)).toMatchObject({ live: true, kind: 'access', credential: issued.id });
      expect(received(issued)).toEqual(['refresh: success']);
    });

    it('should say how it is used', async () => {
      const { body } = await service.get(provider, { connection: 'acme' });
      expect(body).toMatchObject({ token_type: scheme, authorization: `${scheme} ${body.access_token}` });
    });

    it('should say how long it lives, and never too long', async () => {
      const { body } = await service.get(provider, { connection: 'acme' });
      expect([body.expires_at, body.issued_at]).toEqual([expect.stringMatching(TIME), expect.stringMatching(TIME)]);
      const ends = Date.parse(sandbox.lookup(body.access_token)?.expires_at ?? '');
      expect(Date.parse(body.expires_at)).toBeLessThan(ends);
      expect(body.expires_in).toBeLessThan(seconds);
      expect(body.expires_in).toBeGreaterThan(seconds - 30);
      expect((Date.parse(body.expires_at) - Date.parse(body.issued_at)) / 1000).toBeCloseTo(body.expires_in, -1);
    });

    it('should be the same at the second time, and the provider is not asked again', async () => {
      const { body: first } = await service.get(provider, { connection: 'acme' });
      const { body: second } = await service.get(provider, { connection: 'acme' });
      const { expires_in: left, ...same } = first;
      expect(second).toEqual({ ...same, source: 'cache', expires_in: expect.any(Number) });
      expect(second.expires_in).toBeLessThanOrEqual(left);
      expect(received(issued)).toEqual(['refresh: success']);
    });

    it('should be the same by GET and by POST', async () => {
      await service.get(provider, { connection: 'acme' });
      const answers = [
        await service.get(provider, { connection: 'acme', min_ttl: 120 }),
        await service.post(provider, { connection: 'acme', min_ttl: 120 }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      const [got, posted] = answers.map(({ body: { expires_in: _left, ...same } }) => same);
      expect(posted).toEqual(got);
      expect(posted).toMatchObject({ source: 'cache' });
    });

    it('should carry no-store and the request id', async () => {
      const path = `/providers/${provider}/token?connection=acme`;
      const key = await broker.keyFor([`${provider}/acme`]);
      const { headers } = await broker.as(key).get(path).set('x-request-id', 'a-sane.id:1');
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-request-id': 'a-sane.id:1' });
    });
  });

  it('should bring with it what else Berbix issues, digit by digit', async () => {
    await connect({ broker, sandbox }, 'berbix', 'extra');
    const first = await service.get('berbix', { connection: 'extra' });
    const { client_token: client, ...rest } = first.body.extra;
    expect(rest).toEqual({ transaction_id: '9007199254740993123' });
    expect(sandbox.lookup(client ?? '')).toMatchObject({ live: true, kind: 'client' });
    const second = await service.get('berbix', { connection: 'extra' });
    expect(second.body).toMatchObject({ source: 'cache', extra: first.body.extra });
  });

  it('should have no extra where the provider issues nothing else', async () => {
    await connect({ broker, sandbox }, 'klavi', 'extra');
    expect((await service.get('klavi', { connection: 'extra' })).body.extra).toEqual({});
  });

  it('should be of the connection "default" where none is named', async () => {
    const issued = await connect({ broker, sandbox }, 'klavi', 'default');
    const { body } = await service.get('klavi');
    expect(body).toMatchObject({ connection: 'default' });
    expect((await service.post('klavi')).body.access_token).toBe(body.access_token);
    expect(received(issued)).toEqual(['refresh: success']);
  });

  it('should be the one that an operator brought along, as long as it lives', async () => {
    const token = { access_token: 'brought-along', expires_at: new Date(Date.now() + 3_600_000).toISOString() };
    const issued = await connect({ broker, sandbox }, 'onmeta', 'brought', { token });
    const { body } = await service.get('onmeta', { connection: 'brought' });
    expect(body).toMatchObject({ access_token: 'brought-along', generation: 1, source: 'cache', warnings: [] });
    expect(received(issued)).toEqual([]);
    const renewed = await service.post('onmeta', { connection: 'brought', rejected_generation: 1 });
    expect(renewed.body).toMatchObject({ generation: 2, source: 'refresh' });
    expect(received(issued)).toEqual(['refresh: success']);
  });
});
