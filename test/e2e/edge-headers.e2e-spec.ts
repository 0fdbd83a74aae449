import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startBroker, type TestBroker } from '../support/broker.js';
import { broughtToken, pathOf } from '../support/connect.js';
import { edgeClient, type EdgeClient, JSON_TYPE } from '../support/edge-client.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let broker: TestBroker;
let client: EdgeClient;

beforeAll(async () => {
  broker = await startBroker();
  client = edgeClient(broker);
});

afterAll(() => broker?.stop());

describe('X-Request-Id', () => {
  it.each(['a', 'abc-123', 'req_1.2:3', 'x'.repeat(64), '0af7651916cd43dd8448eb211c80319c'])(
    'should be taken over where it is sane: %s',
    async (id) => {
      for (const path of ['/admin/providers', '/admin/providers/never', '/nowhere', '/health/live']) {
        const { headers } = await client.ask('GET', path, { headers: { 'x-request-id': id } });
        expect(headers['x-request-id']).toBe(id);
      }
    },
  );

  it.each(['', ' ', 'x'.repeat(65), 'a b', 'a,b', '<script>', '"quoted"', 'naïve', 'a/b', '${jndi:ldap://x}'])(
    'should be replaced where it is not: %j',
    async (id) => {
      const { headers } = await client.raw('GET', '/health/live', [`X-Request-Id: ${id}`]);

      expect(headers['x-request-id']).toMatch(UUID);
    },
  );

  it('should be replaced where two are sent, and made where none is', async () => {
    const two = await client.raw('GET', '/health/live', ['X-Request-Id: a', 'X-Request-Id: b']);
    const none = await client.raw('GET', '/health/live');

    expect(two.headers['x-request-id']).toMatch(UUID);
    expect(none.headers['x-request-id']).toMatch(UUID);
    expect(none.headers['x-request-id']).not.toBe(two.headers['x-request-id']);
  });
});

describe('every answer', () => {
  it.each([
    ['GET', '/providers'],
    ['GET', '/admin/providers'],
    ['GET', '/admin/provider-types/klavi'],
    ['GET', '/audit/events?limit=1'],
    ['GET', '/health/ready'],
    ['GET', '/metrics'],
    ['GET', '/openapi.json'],
    ['DELETE', '/admin/callers/never'],
    ['GET', '/nowhere'],
  ])('should not be cached, and name its request: %s %s', async (method, path) => {
    const { headers } = await client.ask(method, path);

    expect(headers['cache-control']).toBe('no-store');
    expect(headers['x-request-id']).toMatch(UUID);
  });

  it('should not be cached where it holds a token', async () => {
    await broker
      .as()
      .put(pathOf('onmeta', 'cached'))
      .send({ credential: { api_key: 'k', refresh_token: 'r' }, token: broughtToken('t', 86_400) });
    const authorization = `Bearer ${await broker.keyFor(['*/*'])}`;
    const body = '{"connection":"cached"}';
    const answers = [
      await client.ask('GET', '/providers/onmeta/token?connection=cached', { headers: { authorization } }),
      await client.ask('POST', '/providers/onmeta/token', { headers: { authorization, ...JSON_TYPE }, body }),
    ];

    for (const { status, headers } of answers) {
      expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
      expect(headers['x-request-id']).toMatch(UUID);
    }
  });
});
