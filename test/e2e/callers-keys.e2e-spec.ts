import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startBroker, type TestBroker } from '../support/broker.js';
import { askWith, callerPath, callerWith, issueKey, makeHeld, putCaller } from '../support/callers.js';
import { eventually } from '../support/eventually.js';

const KEY = /^clv_[a-z0-9]{12}_[A-Za-z0-9_-]{43}[A-Za-z0-9]{6}$/;
/** RFC 3339 in UTC. */
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);
/** How soon a revocation must bind on another replica. */
const BINDS_WITHIN_MS = 2000;

let broker: TestBroker;
let replica: TestBroker;

beforeAll(async () => {
  broker = await startBroker();
  replica = await startBroker({ replicaOf: broker });
  await makeHeld(broker, [['onmeta', 'acme']]);
});

afterAll(async () => {
  await replica?.stop();
  await broker?.stop();
});

describe('API keys', () => {
  it('should be shown once, and only there', async () => {
    await putCaller(broker, 'shown', { rules: ['*/*'] });
    const issued = await broker
      .as()
      .post(`${callerPath('shown')}/keys`)
      .send({ expires_at: '2099-01-01T00:00:00Z' });
    const listed = await broker.as().get(`${callerPath('shown')}/keys`);
    const { key, key_id: keyId } = issued.body;

    expect(issued.status).toBe(201);
    expect(issued.body).toEqual({ key_id: expect.any(String), key, expires_at: '2099-01-01T00:00:00Z' });
    expect(key).toMatch(KEY);
    expect(key.split('_')[1]).toBe(keyId);
    expect(listed.body).toEqual({
      items: [
        { key_id: keyId, created_at: TIME, expires_at: '2099-01-01T00:00:00Z', revoked_at: null, last_used_at: null },
      ],
      next_cursor: null,
    });
    expect(listed.text + (await broker.as().get(callerPath('shown'))).text).not.toContain(key.slice(17, 60));
  });

  it('should be several at once, so that one is replaced without a gap', async () => {
    const first = await callerWith(broker, 'several', { rules: ['*/*'] });
    const second = await issueKey(broker, 'several');
    const both = [await askWith(first.key, broker), await askWith(second.key, broker)].map(({ status }) => status);
    const revoked = await broker.as().delete(`${callerPath('several')}/keys/${first.key_id}`);
    const after = [await askWith(first.key, broker), await askWith(second.key, broker)].map(({ status }) => status);

    expect(both).toEqual([200, 200]);
    expect(revoked.status).toBe(204);
    expect(after).toEqual([401, 200]);
  });

  it('should keep the revoked in the list, and take a second revocation', async () => {
    const { key_id: keyId } = await callerWith(broker, 'history', {});
    await broker.as().delete(`${callerPath('history')}/keys/${keyId}`);
    const again = await broker.as().delete(`${callerPath('history')}/keys/${keyId}`);
    const { body } = await broker.as().get(`${callerPath('history')}/keys`);

    expect(again.status).toBe(204);
    expect(body.items).toMatchObject([{ key_id: keyId, revoked_at: TIME }]);
  });

  it('should be listed oldest first, page by page', async () => {
    await putCaller(broker, 'many');
    const made: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      made.push((await issueKey(broker, 'many')).key_id);
    }
    const first = await broker.as().get(`${callerPath('many')}/keys?limit=3`);
    const rest = await broker.as().get(`${callerPath('many')}/keys?limit=3&cursor=${first.body.next_cursor}`);

    expect([...first.body.items, ...rest.body.items].map(({ key_id: keyId }) => keyId)).toEqual(made);
    expect(rest.body.next_cursor).toBeNull();
  });

  it('should expire', async () => {
    await putCaller(broker, 'expiring', { rules: ['*/*'] });
    const soon = new Date(Date.now() + 400).toISOString();
    const { key } = await issueKey(broker, 'expiring', { expires_at: soon });

    expect((await askWith(key, broker)).status).toBe(200);
    await eventually(async () => expect((await askWith(key, broker)).status).toBe(401), 3000);
  });

  it.each([
    [{ expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    [{ expires_at: 'never' }, 'expires_at'],
    [{ expires_at: '2099-01-01' }, 'expires_at'],
    [{ name: 'x' }, 'name'],
  ])('should not be issued with %j', async (body, field) => {
    await putCaller(broker, 'strict');
    const answer = await broker
      .as()
      .post(`${callerPath('strict')}/keys`)
      .send(body);

    expect(answer.body).toMatchObject({ status: 400, errors: [{ field }] });
  });

  it('should not be issued to, listed of or revoked from nobody', async () => {
    await putCaller(broker, 'somebody');
    const answers = [
      await broker
        .as()
        .post(`${callerPath('nobody')}/keys`)
        .send({}),
      await broker.as().get(`${callerPath('nobody')}/keys`),
      await broker.as().delete(`${callerPath('nobody')}/keys/aaaaaaaaaaaa`),
      await broker.as().delete(`${callerPath('somebody')}/keys/aaaaaaaaaaaa`),
    ];

    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(answers.map(() => [404, 'not_found']));
  });

  it("should be revoked only under their own caller's name", async () => {
    const { key, key_id: keyId } = await callerWith(broker, 'owner', { rules: ['*/*'] });
    await putCaller(broker, 'stranger');

    expect((await broker.as().delete(`${callerPath('stranger')}/keys/${keyId}`)).status).toBe(404);
    expect((await askWith(key, broker)).status).toBe(200);
  });
});

describe('a revocation on one replica', () => {
  it.each([
    ['of a key', (keyId: string) => broker.as().delete(`${callerPath('bound-key')}/keys/${keyId}`), 'bound-key', 401],
    ['of a caller', () => broker.as().delete(callerPath('bound-caller')), 'bound-caller', 401],
    ['of a rule', () => broker.as().patch(callerPath('bound-rule')).send({ rules: [] }), 'bound-rule', 404],
  ] as const)('%s should bind there at once and within 2 s on another', async (_what, revoke, caller, status) => {
    const { key, key_id: keyId } = await callerWith(broker, caller, { rules: ['*/*'] });
    await eventually(async () => expect((await askWith(key, replica)).status).toBe(200), BINDS_WITHIN_MS);
    expect((await askWith(key, broker)).status).toBe(200);

    await revoke(keyId);

    expect((await askWith(key, broker)).status).toBe(status);
    await eventually(async () => expect((await askWith(key, replica)).status).toBe(status), BINDS_WITHIN_MS);
  });

  it('of a role should bind there at once and within 2 s on another', async () => {
    const { key } = await callerWith(broker, 'bound-role', { roles: ['admin'] });
    const admin = (of: TestBroker) => of.as(key).get('/admin/callers');
    await eventually(async () => expect((await admin(replica)).status).toBe(200), BINDS_WITHIN_MS);

    await broker.as().patch(callerPath('bound-role')).send({ roles: [] });

    expect((await admin(broker)).status).toBe(403);
    await eventually(async () => expect((await admin(replica)).status).toBe(403), BINDS_WITHIN_MS);
  });
});
