import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { auditEvents } from '../support/audit-log.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { broughtToken, configured, pathOf } from '../support/connect.js';
import { breakAudit } from '../support/test-database.js';

const SECRET = 'canary-of-a-change';
const PROVIDER = '/admin/providers/changed';
const CONNECTION = pathOf('changed', 'acme');
const CALLER = '/admin/callers/changed';

/** Every administrative change, in an order in which each can be made: method, path, body, and what is recorded of it. */
const CHANGES = [
  [
    'put',
    PROVIDER,
    { type: 'onmeta', settings: { base_url: 'http://127.0.0.1:1' }, secrets: { api_key: SECRET } },
    { action: 'provider.created', provider: 'changed', fields: ['secrets.api_key', 'settings.base_url', 'type'] },
  ],
  [
    'patch',
    PROVIDER,
    { settings: { environment: 'staging' } },
    { action: 'provider.updated', provider: 'changed', fields: ['settings.environment'] },
  ],
  [
    'put',
    CONNECTION,
    { credential: { refresh_token: SECRET }, token: broughtToken(SECRET, 86_400) },
    {
      action: 'connection.created',
      provider: 'changed',
      connection: 'acme',
      fields: ['credential.refresh_token', 'token'],
    },
  ],
  [
    'put',
    CONNECTION,
    { credential: { refresh_token: SECRET, email: 'a@b.example' }, token: broughtToken(SECRET, 86_400) },
    {
      action: 'connection.replaced',
      provider: 'changed',
      connection: 'acme',
      fields: ['credential.email', 'credential.refresh_token', 'token'],
    },
  ],
  [
    'patch',
    CONNECTION,
    { credential: { email: null } },
    { action: 'connection.updated', provider: 'changed', connection: 'acme', fields: ['credential.email'] },
  ],
  ['post', `${CONNECTION}/pause`, undefined, { action: 'connection.paused', provider: 'changed', connection: 'acme' }],
  [
    'post',
    `${CONNECTION}/resume`,
    undefined,
    { action: 'connection.resumed', provider: 'changed', connection: 'acme' },
  ],
  ['delete', CONNECTION, undefined, { action: 'connection.deleted', provider: 'changed', connection: 'acme' }],
  ['delete', PROVIDER, undefined, { action: 'provider.deleted', provider: 'changed' }],
  [
    'put',
    CALLER,
    { rules: ['klavi/*'], roles: ['auditor'] },
    { action: 'caller.created', reason: 'caller=changed', fields: ['roles', 'rules'] },
  ],
  [
    'patch',
    CALLER,
    { description: SECRET },
    { action: 'caller.updated', reason: 'caller=changed', fields: ['description'] },
  ],
  [
    'post',
    `${CALLER}/keys`,
    { expires_at: '2099-01-01T00:00:00Z' },
    {
      action: 'key.issued',
      reason: expect.stringMatching(/^caller=changed key=[a-z0-9]{12}$/),
      fields: ['expires_at'],
    },
  ],
  ['delete', CALLER, undefined, { action: 'caller.deleted', reason: 'caller=changed' }],
] as const;

let broker: TestBroker;

beforeAll(async () => {
  broker = await startBroker();
});

afterAll(() => broker?.stop());

type Method = (typeof CHANGES)[number][0];

const send = (method: Method, path: string, body: object | undefined, id: string) =>
  broker.as()[method](path).set('x-request-id', id).send(body);

describe('every administrative change', () => {
  it.each(CHANGES)('should be recorded with the names of its fields: %s %s', async (method, path, body, event) => {
    const id = `${event.action}-once`;
    const { status } = await send(method, path, body, id);
    const [recorded, ...others] = await auditEvents(broker, `request_id=${id}`);

    expect(status).toBeLessThan(300);
    expect(others).toEqual([]);
    expect({ ...recorded, fields: recorded?.fields.toSorted() }).toMatchObject({
      fields: [],
      ...event,
      outcome: 'ok',
      actor: { type: 'caller', caller: 'admin', key_id: broker.adminKey.split('_')[1] },
      request_id: id,
      client_ip: '127.0.0.1',
      count: 1,
    });
    expect(JSON.stringify(recorded)).not.toContain(SECRET);
  });

  it('should be recorded when a key is revoked, once', async () => {
    await broker.as().put(CALLER).send({});
    const { body } = await broker.as().post(`${CALLER}/keys`).send({});
    for (const id of ['revoked-first', 'revoked-again']) {
      await send('delete', `${CALLER}/keys/${body.key_id}`, undefined, id);
    }

    expect(await auditEvents(broker, 'request_id=revoked-first')).toMatchObject([
      { action: 'key.revoked', reason: `caller=changed key=${body.key_id}` },
    ]);
    expect(await auditEvents(broker, 'request_id=revoked-again')).toEqual([]);
  });

  it('should not be recorded where it was refused', async () => {
    await send('put', '/admin/callers/never', { roles: ['root'] }, 'never-made');

    expect(await auditEvents(broker, 'request_id=never-made')).toEqual([]);
  });
});

/** Everything that the changes may touch, as it is answered. */
const picture = async (): Promise<string> => {
  const paths = [PROVIDER, CONNECTION, CALLER, `${CALLER}/keys`];
  const answers = await Promise.all(paths.map((path) => broker.as().get(path).set('x-request-id', 'same')));
  return answers.map(({ headers, body }) => `${headers['etag']} ${JSON.stringify(configured(body))}`).join('\n');
};

describe('a change that cannot be recorded', () => {
  let mend: (() => Promise<void>) | undefined;

  afterEach(() => mend?.());

  /** Makes the changes up to this one, so that it could be made. */
  async function prepare(until: number): Promise<void> {
    for (const path of [CONNECTION, PROVIDER, CALLER]) {
      await broker.as().delete(path);
    }
    for (const [method, path, body] of CHANGES.slice(0, until)) {
      expect((await send(method, path, body, 'prepared')).status).toBeLessThan(300);
    }
  }

  it.each(CHANGES.map(([method, path], index) => [method, path, index] as const))(
    'should not be made: %s %s (step %d)',
    async (_method, _path, index) => {
      await prepare(index);
      const before = await picture();
      const [method, path, body] = CHANGES[index] ?? CHANGES[0];
      mend = await breakAudit();
      const refused = await send(method, path, body, 'refused');
      await mend();

      expect(refused.body).toMatchObject({ status: 503, code: 'audit_unavailable', retry_after: expect.any(Number) });
      expect(refused.headers['retry-after']).toBe(String(refused.body.retry_after));
      expect(await picture()).toBe(before);
      expect(await auditEvents(broker, 'request_id=refused')).toEqual([]);
      expect((await send(method, path, body, 'made-after-all')).status).toBeLessThan(300);
    },
  );
});
