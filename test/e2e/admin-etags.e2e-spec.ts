import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startBroker, type TestBroker } from '../support/broker.js';
import { broughtToken, configured, pathOf } from '../support/connect.js';

/** What can be changed, each with a body for PUT and two for PATCH. */
const THINGS = [
  [
    'a provider',
    '/admin/providers/guarded',
    { type: 'onmeta', settings: { environment: 'staging' } },
    { settings: { environment: 'production' } },
  ],
  [
    'a connection',
    pathOf('onmeta', 'guarded'),
    {
      settings: { base_url: 'http://127.0.0.1:1' },
      credential: { api_key: 'k', refresh_token: 'r' },
      token: broughtToken('t', 86_400),
    },
    { settings: { base_url: 'http://127.0.0.1:2' } },
  ],
  ['a caller', '/admin/callers/guarded', { rules: ['klavi/*'] }, { description: 'changed' }],
] as const;

let broker: TestBroker;

beforeAll(async () => {
  broker = await startBroker();
});

afterAll(() => broker?.stop());

describe.each(THINGS)('the ETag of %s', (_thing, path, whole, change) => {
  const put = (match?: string) => send('put', match).send(whole);
  const patch = (match?: string) => send('patch', match).send(change);
  const remove = (match?: string) => send('delete', match);
  const send = (method: 'put' | 'patch' | 'delete', match?: string) => {
    const request = broker.as()[method](path);
    return match === undefined ? request : request.set('if-match', match);
  };
  const read = () => broker.as().get(path);

  beforeEach(async () => {
    await remove();
    await put();
  });

  it('should be answered by GET, PUT and PATCH, and change with each change', async () => {
    const tags = [await read(), await put(), await patch(), await read()].map(({ headers }) => headers['etag']);

    expect(tags).toEqual(tags.map(() => expect.stringMatching(/^"[^"]+"$/)));
    expect(new Set(tags.slice(0, 3)).size).toBe(3);
    expect(tags[3]).toBe(tags[2]);
  });

  it('should let a change through that was made for the newest version', async () => {
    const { headers } = await put((await read()).headers['etag']);
    const patched = await patch(headers['etag']);
    const removed = await remove(patched.headers['etag']);

    expect([patched.status, removed.status]).toEqual([200, 204]);
  });

  it('should refuse a change that was made for an older version, and change nothing', async () => {
    const { headers } = await read();
    await patch();
    const before = await read();

    for (const refused of [await put(headers['etag']), await patch(headers['etag']), await remove(headers['etag'])]) {
      expect(refused.status).toBe(412);
      expect(refused.body).toMatchObject({ code: 'precondition_failed', instance: refused.headers['x-request-id'] });
    }
    const after = await read();
    expect(configured(after.body)).toEqual(configured(before.body));
    expect(after.headers['etag']).toBe(before.headers['etag']);
  });

  it.each(['"no-etag-of-ours"', 'nonsense', '"-1"', '""', '"999999999999999999999"'])(
    'should not match %s',
    async (match) => {
      const statuses = [await put(match), await patch(match), await remove(match)].map(({ status }) => status);

      expect(statuses).toEqual([412, 412, 412]);
    },
  );

  it('should not be needed, and * means any that is there', async () => {
    expect((await patch('*')).status).toBe(200);
    expect((await put('*')).status).toBe(200);
    expect((await remove('*')).status).toBe(204);
    expect((await put('*')).status).toBe(412);
    expect((await put('"1"')).status).toBe(412);
    expect((await read()).status).toBe(404);
  });

  it('should let exactly one of many through that read the same version', async () => {
    const { headers } = await read();
    const answers = await Promise.all(Array.from({ length: 8 }, () => patch(headers['etag'])));
    const statuses = answers.map(({ status }) => status);

    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 412)).toHaveLength(7);
  });
});
