import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newApiKey } from '@app/callers';
import { startBroker, type TestBroker } from '../support/broker.js';
import { askWith, callerPath, callerWith, makeHeld } from '../support/callers.js';
import { pathOf } from '../support/connect.js';

let broker: TestBroker;

beforeAll(async () => {
  broker = await startBroker();
  await makeHeld(broker, [
    ['onmeta', 'acme'],
    ['onmeta', 'other'],
    ['klavi', 'acme'],
  ]);
});

afterAll(() => broker?.stop());

describe('what a caller may do', () => {
  const READS = ['/admin/callers', '/admin/providers', '/admin/connections', '/admin/provider-types', '/audit/events'];

  it('should be nothing at first', async () => {
    const { key } = await callerWith(broker, 'newcomer', {});
    const statuses = await Promise.all(READS.map(async (path) => (await broker.as(key).get(path)).status));

    expect(statuses).toEqual([403, 403, 403, 403, 403]);
    expect((await askWith(key, broker)).body).toMatchObject({ status: 404, code: 'not_found' });
    expect((await broker.as(key).get('/providers')).body).toEqual({ items: [], next_cursor: null });
  });

  it('should for an administrator not be to read tokens', async () => {
    const { key } = await callerWith(broker, 'operator', { roles: ['admin'] });
    const statuses = await Promise.all(READS.map(async (path) => (await broker.as(key).get(path)).status));

    expect(statuses).toEqual([200, 200, 200, 200, 200]);
    expect((await askWith(key, broker)).body).toMatchObject({ status: 404, code: 'not_found' });
    expect((await broker.as(key).get('/providers')).body.items).toEqual([]);
  });

  it('should for an auditor be to read the log', async () => {
    const { key } = await callerWith(broker, 'auditor', { roles: ['auditor'] });
    const statuses = await Promise.all(READS.map(async (path) => (await broker.as(key).get(path)).status));

    expect(statuses).toEqual([403, 403, 403, 403, 200]);
  });

  it('should be what its rules cover, and in the same bytes nothing else', async () => {
    const { key } = await callerWith(broker, 'ruled', { rules: ['onmeta/ac*'] });
    const covered = await askWith(key, broker);
    const [forbidden, absent, nowhere] = await Promise.all(
      ['onmeta/token?connection=other', 'onmeta/token?connection=never', 'nowhere/token?connection=acme'].map((path) =>
        broker.as(key).get(`/providers/${path}`).set('x-request-id', 'same'),
      ),
    );
    const { body: listed } = await broker.as(key).get('/providers');

    expect(covered.body.access_token).toBe('onmeta-acme-token');
    expect(forbidden?.status).toBe(404);
    expect(forbidden?.text.replace('other', 'never')).toBe(absent?.text);
    expect(nowhere?.text.replace('nowhere', 'onmeta').replace('acme', 'never')).toBe(absent?.text);
    expect(listed.items).toEqual([{ provider: 'onmeta', connection: 'acme', type: 'onmeta', state: 'active' }]);
  });

  it.each([
    ['that has expired', { expires_at: '2020-01-01T00:00:00Z' }],
    ['for another network', { networks: ['192.0.2.0/24'] }],
  ])('should not be what a rule %s covers, in the bytes of an absent connection', async (_which, limits) => {
    const { key } = await callerWith(broker, 'limited', { rules: [{ rule: 'onmeta/*', ...limits }] });
    const [limited, absent] = await Promise.all(
      ['acme', 'never'].map((connection) =>
        broker.as(key).get(`/providers/onmeta/token?connection=${connection}`).set('x-request-id', 'same'),
      ),
    );

    expect(limited?.status).toBe(404);
    expect(limited?.text.replace('acme', 'never')).toBe(absent?.text);
    expect((await broker.as(key).get('/providers')).body.items).toEqual([]);
  });

  it('should be what a rule covers within its limits', async () => {
    const rule = { rule: 'onmeta/acme', expires_at: '2099-01-01T00:00:00Z', networks: ['127.0.0.0/8'] };
    const { key } = await callerWith(broker, 'within', { rules: [rule] });

    expect((await askWith(key, broker)).body.access_token).toBe('onmeta-acme-token');
    expect((await broker.as(key).get('/providers')).body.items).toHaveLength(1);
  });

  it('should list the connections that its rules reach, page by page and without secrets', async () => {
    const { key } = await callerWith(broker, 'lister', { rules: ['*/*'] });
    const first = await broker.as(key).get('/providers?limit=2');
    const rest = await broker.as(key).get(`/providers?limit=2&cursor=${first.body.next_cursor}`);
    const names = [...first.body.items, ...rest.body.items].map(
      ({ provider, connection }) => `${provider}/${connection}`,
    );

    expect(names).toEqual(['klavi/acme', 'onmeta/acme', 'onmeta/other']);
    expect(rest.body.next_cursor).toBeNull();
    expect(first.text + rest.text).not.toMatch(/token|secret|credential/);
  });
});

const explained = (query: string, caller = 'explained') => broker.as().get(`${callerPath(caller)}/explain?${query}`);

describe('the explanation of what a caller may do', () => {
  it('should name the rule that allows a connection, and why others do not', async () => {
    const ended = { rule: 'onmeta/*', expires_at: '2020-01-01T00:00:00Z', networks: null };
    const inside = { rule: '*/acme', expires_at: null, networks: ['10.20.0.0/16'] };
    await callerWith(broker, 'explained', { rules: ['klavi/*', ended, inside] });
    const allowed = await explained('connection=onmeta/acme&from=10.20.0.7');

    expect(allowed.status).toBe(200);
    expect(allowed.body).toEqual({
      caller: 'explained',
      connection: 'onmeta/acme',
      from: '10.20.0.7',
      allowed: true,
      allowed_by: inside,
      exists: true,
      caller_expired: false,
      rules: [
        { rule: 'klavi/*', allows: false, reasons: ['pattern'] },
        { rule: ended, allows: false, reasons: ['expired'] },
        { rule: inside, allows: true, reasons: [] },
      ],
    });
    expect((await explained('connection=onmeta/acme')).body).toMatchObject({ allowed: false, allowed_by: null });
    expect((await explained('connection=klavi')).body).toMatchObject({
      connection: 'klavi/default',
      allowed_by: 'klavi/*',
      exists: false,
    });
  });

  it('should be for administrators, and of callers that there are', async () => {
    const { key } = await callerWith(broker, 'curious', { roles: ['auditor'] });
    const forbidden = await broker.as(key).get(`${callerPath('curious')}/explain?connection=klavi/acme`);

    expect(forbidden.status).toBe(403);
    expect((await explained('connection=klavi/acme', 'nobody')).status).toBe(404);
  });

  it.each([
    '',
    'connection=',
    'connection=a/b/c',
    'connection=A/b',
    'connection=a/b&from=here',
    'connection=a/b&at=now',
  ])('should not be given for ?%s', async (query) => {
    expect((await explained(query)).status).toBe(400);
  });
});

describe('an unauthenticated request', () => {
  const LIVE = 'clv_abcdefghijkl_';

  it.each([
    ['no header', undefined],
    ['no key', 'Bearer'],
    ['another scheme', 'Basic YWRtaW46YWRtaW4='],
    ['nonsense', 'Bearer nonsense'],
    ['a wrong checksum', `Bearer ${LIVE}${'A'.repeat(43)}000000`],
    ['two keys', 'Bearer a b'],
    ['a key of 4 kB', `Bearer clv_${'a'.repeat(4000)}`],
  ])('should be answered alike with %s', async (_name, authorization) => {
    const headers: Record<string, string> = { 'x-request-id': 'same' };
    if (authorization !== undefined) {
      headers['authorization'] = authorization;
    }
    const answer = await fetch(`${broker.url}/providers`, { headers });

    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toEqual({
      type: 'urn:claviger:problem:unauthenticated',
      title: expect.any(String),
      status: 401,
      detail: expect.any(String),
      instance: 'same',
      code: 'unauthenticated',
    });
  });

  it('should be answered in the same bytes whether the key is unknown, wrong, revoked or expired', async () => {
    const unknown = newApiKey().text.reveal();
    const revoked = await callerWith(broker, 'gone', { rules: ['*/*'] });
    await broker.as().delete(`${callerPath('gone')}/keys/${revoked.key_id}`);
    const expired = await callerWith(broker, 'late', { rules: ['*/*'] });
    await broker.as().patch(callerPath('late')).send({ expires_at: '2020-01-01T00:00:00Z' });
    const answers = await Promise.all(
      [unknown, revoked.key, expired.key, 'malformed'].map((key) =>
        broker.as(key).get('/providers').set('x-request-id', 'same'),
      ),
    );
    const [first, ...others] = answers.map(({ status, text }) => [status, text]);

    expect(first?.[0]).toBe(401);
    expect(others).toEqual([first, first, first]);
  });

  it('should learn nothing of what is there', async () => {
    const paths = [
      pathOf('onmeta', 'acme'),
      pathOf('onmeta', 'never'),
      callerPath('admin'),
      callerPath('never'),
      '/admin/nothing-here',
    ];
    const statuses = await Promise.all(paths.map(async (path) => (await fetch(`${broker.url}${path}`)).status));

    expect(statuses).toEqual([401, 401, 401, 401, 404]);
  });
});
