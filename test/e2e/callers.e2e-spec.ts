import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startBroker, type TestBroker } from '../support/broker.js';
import { askWith, callerPath, callerWith, makeHeld, putCaller } from '../support/callers.js';

/** RFC 3339 in UTC. */
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);

let broker: TestBroker;

beforeAll(async () => {
  broker = await startBroker();
  await makeHeld(broker, [['onmeta', 'acme']]);
});

afterAll(() => broker?.stop());

describe('callers', () => {
  it('should be created with 201, replaced with 200, changed, shown and deleted', async () => {
    const fields = {
      description: 'bills customers',
      roles: ['auditor'],
      rules: ['klavi/*'],
      identities: [],
      expires_at: null,
    };
    const created = await putCaller(broker, 'billing', fields);
    const replaced = await putCaller(broker, 'billing', { rules: ['onmeta/acme'] });
    const patched = await broker.as().patch(callerPath('billing')).send({ description: 'bills' });

    expect([created.status, replaced.status, patched.status]).toEqual([201, 200, 200]);
    expect(created.body).toEqual({ name: 'billing', ...fields, created_at: TIME, updated_at: TIME });
    expect(replaced.body).toMatchObject({ description: '', roles: [], rules: ['onmeta/acme'] });
    expect(patched.body).toMatchObject({ description: 'bills', rules: ['onmeta/acme'] });
    expect((await broker.as().get(callerPath('billing'))).body).toEqual(patched.body);
    expect((await broker.as().delete(callerPath('billing'))).status).toBe(204);
    expect((await broker.as().get(callerPath('billing'))).body).toMatchObject({ status: 404, code: 'not_found' });
    expect((await broker.as().delete(callerPath('billing'))).status).toBe(404);
    expect((await broker.as().patch(callerPath('billing')).send({})).status).toBe(404);
  });

  it('should keep rules as they were sent: strings as strings, limited ones with their limits, in their order', async () => {
    const rules = [
      { rule: 'klavi/*', expires_at: '2030-01-01T00:00:00Z', networks: null },
      'berbix/prod-*',
      { rule: 'onmeta/*', expires_at: null, networks: ['10.20.0.0/16', 'fd00:20::/64'] },
    ];
    const created = await putCaller(broker, 'limited', { rules: [{ rule: 'a/b' }, ...rules] });
    const patched = await broker.as().patch(callerPath('limited')).send({ rules });

    expect(created.body.rules).toEqual([{ rule: 'a/b', expires_at: null, networks: null }, ...rules]);
    expect(patched.body.rules).toEqual(rules);
    expect((await putCaller(broker, 'limited', { rules: patched.body.rules })).status).toBe(200);
    expect((await broker.as().get(callerPath('limited'))).body.rules).toEqual(rules);
  });

  it('should have identities, each of one caller only', async () => {
    const issuer = 'https://issuer.example';
    const identities = [
      { issuer, subject: 'system:serviceaccount:prod:*' },
      { issuer: 'mtls', subject: 'CN=one,O=Example' },
    ];
    const created = await putCaller(broker, 'identified', { identities });
    const taken = await putCaller(broker, 'double', { identities: [{ issuer: 'mtls', subject: 'CN=one,O=Example' }] });
    const reversed = await broker.as().patch(callerPath('identified')).send({ identities: identities.toReversed() });
    const { body } = await broker.as().get('/admin/callers');

    expect(created.body.identities).toEqual(identities);
    expect(taken.body).toMatchObject({ status: 409, code: 'conflict', detail: expect.stringContaining('identified') });
    expect(reversed.body.identities).toEqual(identities.toReversed());
    expect(body.items.find(({ name }: { name: string }) => name === 'identified').identities).toHaveLength(2);
    await broker.as().patch(callerPath('identified')).send({ identities: [] });
    expect((await putCaller(broker, 'double', { identities })).body.identities).toEqual(identities);
  });

  it('should be listed by name, page by page', async () => {
    for (const name of ['list-c', 'list-a', 'list-b']) {
      await putCaller(broker, name);
    }
    const names: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await broker.as().get(`/admin/callers?limit=2${query}`);
      expect(body.items.length).toBeLessThanOrEqual(2);
      names.push(...body.items.map(({ name }: { name: string }) => name));
      cursor = body.next_cursor;
    }

    expect(names).toEqual(names.toSorted());
    expect(names).toEqual(expect.arrayContaining(['admin', 'list-a', 'list-b', 'list-c']));
    expect(new Set(names).size).toBe(names.length);
  });

  it.each([
    [{ roles: ['root'] }, 'roles'],
    [{ roles: 'admin' }, 'roles'],
    [{ roles: ['admin', 'admin'] }, 'roles'],
    [{ rules: ['klavi'] }, 'rules'],
    [{ rules: ['Klavi/*'] }, 'rules'],
    [{ rules: ['a/b/c'] }, 'rules'],
    [{ rules: [1] }, 'rules'],
    [{ rules: [null] }, 'rules'],
    [{ rules: [{ rule: 'klavi/*', until: null }] }, 'rules'],
    [{ rules: [{ rule: 'klavi/*', networks: ['10.0.0.1'] }] }, 'rules'],
    [{ description: 'x'.repeat(501) }, 'description'],
    [{ description: 1 }, 'description'],
    [{ description: 'a\0b' }, 'description'],
    [{ description: null }, 'description'],
    [{ expires_at: 'tomorrow' }, 'expires_at'],
    [{ expires_at: 1_800_000_000 }, 'expires_at'],
    [{ expires_at: '2026-02-30T00:00:00Z' }, 'expires_at'],
    [{ keys: [] }, 'keys'],
  ])('should not be made with %j', async (body, field) => {
    for (const answer of [
      await putCaller(broker, 'refused', body),
      await broker.as().patch(callerPath('billing')).send(body),
    ]) {
      expect(answer.status).toBe(400);
      expect(answer.body.errors.map((error: { field: string }) => error.field.split('.')[0])).toContain(field);
    }
    expect((await broker.as().get(callerPath('refused'))).status).toBe(404);
  });

  it('should expire as a whole: none of its keys is good then', async () => {
    const { key } = await callerWith(broker, 'ending', { rules: ['*/*'] });
    await broker.as().patch(callerPath('ending')).send({ expires_at: '2020-01-01T00:00:00Z' });
    const expired = await askWith(key, broker);
    await broker.as().patch(callerPath('ending')).send({ expires_at: null });

    expect(expired.status).toBe(401);
    expect((await askWith(key, broker)).status).toBe(200);
  });

  it('should not lock themselves out: the last administrator stays, and is told what to do', async () => {
    const [id] = (await broker.as().get(`${callerPath('admin')}/keys`)).body.items;
    const answers = [
      await broker.as().patch(callerPath('admin')).send({ roles: [] }),
      await broker.as().delete(callerPath('admin')),
      await broker.as().delete(`${callerPath('admin')}/keys/${id.key_id}`),
    ];

    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(answers.map(() => [409, 'conflict']));
    expect(answers[0]?.body.detail).toContain('Give another caller the role');
    expect((await broker.as().get('/admin/callers')).status).toBe(200);
  });

  it('should lose their keys when they are deleted', async () => {
    const { key } = await callerWith(broker, 'deleted', { rules: ['*/*'] });
    await askWith(key, broker);
    await broker.as().delete(callerPath('deleted'));

    expect((await askWith(key, broker)).status).toBe(401);
    await putCaller(broker, 'deleted', { rules: ['*/*'] });
    expect((await askWith(key, broker)).status).toBe(401);
  });
});
