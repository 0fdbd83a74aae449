import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { auditEvents } from '../support/audit-log.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { type Canaries, echoingFaults, findCanaries, issueOptions, TYPES } from '../support/canaries.js';
import { broughtToken, pathOf } from '../support/connect.js';
import { startTestSandbox } from '../support/sandbox.js';
import { breakAudit, dumpDatabase, sql } from '../support/test-database.js';
import { type Body, WatchedBroker } from '../support/watched-broker.js';

const canaries: Canaries = new Map();

let sandbox: Sandbox;
let broker: TestBroker;
let watched: WatchedBroker;
let reader: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
  watched = new WatchedBroker(broker, canaries);
  reader = await broker.keyFor(['*/*']);
  watched.addKey('the reader', reader);
});

afterAll(async () => {
  watched?.release();
  await broker?.stop();
  await sandbox?.close();
});

const ask = (method: string, path: string, body?: object | string, key?: string): Promise<Body> =>
  watched.ask(method, path, { body, key });

const search = (): Promise<string[]> => watched.search();

describe.each(TYPES)('no secret of %s should be found anywhere', (type) => {
  const provider = `canary-${type}`;
  const connection = pathOf(provider, 'acme');
  const token = `/providers/${provider}/token`;
  let id: string;

  /** Asks for a newer token, both ways, and has the connection tried again whatever came of it. */
  async function ask2(): Promise<void> {
    await ask('POST', `${connection}/refresh`);
    await ask('POST', `${connection}/resume`);
    const { generation = 1 } = await ask('GET', `${token}?connection=acme`, undefined, reader);
    await ask('POST', token, { connection: 'acme', rejected_generation: generation }, reader);
    await ask('POST', `${connection}/resume`);
  }

  it('after successes', async () => {
    const issued = await sandbox.issue(type, issueOptions(type, canaries));
    ({ id } = issued);
    const { settings, secrets, credential } = issued;
    await ask('PUT', `/admin/providers/${provider}`, { type, settings, secrets });
    expect(await ask('PUT', connection, { credential, token: broughtToken(`brought-${id}`) })).toMatchObject({
      state: 'active',
    });
    canaries.set(`the brought token of ${type}`, `brought-${id}`);
    await ask('GET', `${token}?connection=acme`, undefined, reader);
    await ask('PATCH', connection, { settings, credential });
    await ask2();
    await ask('PUT', pathOf(type, 'whole'), { settings, credential: { ...secrets, ...credential } });
    await ask('GET', `/admin/connections?provider=${provider}`);

    expect(await ask('POST', `${connection}/refresh`)).toMatchObject({ outcome: 'ok' });
    expect(await search()).toEqual([]);
  });

  it('after every failure, also where the provider echoes them', async () => {
    const secrets = [...canaries].filter(([name]) => name.startsWith(type)).map(([, secret]) => secret);
    for (const fault of echoingFaults(secrets)) {
      sandbox.fault(type, fault, 2);
      await ask2();
      sandbox.clearFaults(type);
    }
    const reasons = new Set((await auditEvents(broker, `provider=${provider}`)).map(({ reason }) => reason));

    expect(reasons.size).toBeGreaterThan(8);
    expect(await search()).toEqual([]);
  });

  it('after the provider withdrew them', async () => {
    sandbox.revoke(id);
    await ask2();

    expect(await ask('POST', `${connection}/refresh`)).toMatchObject({
      outcome: expect.stringMatching(/^(rejected|misconfigured)$/),
    });
    expect(await search()).toEqual([]);
  });

  it('after they were sent where they do not belong', async () => {
    for (const [name, secret] of [...canaries].filter(([each]) => each.startsWith(type))) {
      const field = name.split('.')[1] ?? '';
      const flat = secret.replaceAll('\n', '');
      await ask('PUT', connection, { settings: { [field]: secret }, credential: {} });
      await ask('PUT', connection, { credential: { [field]: [secret] } });
      await ask('PUT', connection, { credential: { [field]: `${secret}\0` } });
      await ask('PUT', connection, { credential: { [field]: secret, unknown: secret }, [field]: secret });
      await ask('PATCH', connection, { credential: secret });
      await ask('PATCH', connection, `{"credential":{"${field}":"${flat}"`);
      await ask('PATCH', connection, `{"credential":{"${field}":"${flat}"},"__proto__":{}}`);
      await ask('PATCH', connection, { token: broughtToken(`${flat} `) });
      await ask('PUT', `/admin/providers/${provider}`, { type: flat, secrets: { [field]: secret } });
      await ask('GET', `${token}?connection=${encodeURIComponent(flat)}`, undefined, reader);
      await ask('GET', `${token}?access_token=${encodeURIComponent(flat)}`, undefined, reader);
      await ask('GET', `/admin/connections?q=${encodeURIComponent(flat)}&cursor=${encodeURIComponent(flat)}`);
      await ask('GET', `/nowhere/${encodeURIComponent(flat)}`);
      await ask('GET', `/admin/callers/${encodeURIComponent(flat)}`);
      await ask('GET', '/providers', undefined, flat);
      await ask('GET', '/providers', undefined, `${broker.adminKey}${flat}`);
    }

    expect(await search()).toEqual([]);
  });
});

describe('no secret should be found anywhere', () => {
  it('after keys were issued, used, revoked and mistyped', async () => {
    await ask('PUT', '/admin/callers/canary', { rules: ['*/*'], roles: ['admin'] });
    const { key = '', key_id: keyId } = await ask('POST', '/admin/callers/canary/keys', {});
    expect(key).toMatch(/^clv_/);
    canaries.set('the secret of an issued key', key.split('_').slice(2).join('_').slice(0, 43));
    await ask('GET', '/admin/callers/canary/keys', undefined, key);
    await ask('GET', `/admin/callers/${key.toLowerCase()}`);
    await ask('GET', `/admin/callers?cursor=${key}`);
    await ask('GET', `/providers?key=${key}`);
    await ask('GET', '/providers', undefined, `${key.slice(0, -1)}-`);
    await ask('DELETE', `/admin/callers/canary/keys/${String(keyId)}`);
    await ask('GET', '/providers', undefined, key);

    expect(await search()).toEqual([]);
  });

  it('after the database and the audit log failed while they were stored', async () => {
    const body = { credential: { refresh_token: 'canary-of-a-failed-write' } };
    canaries.set('a failed write', 'canary-of-a-failed-write');
    for (const [breakIt, mendIt] of [
      [
        'alter table connections rename column credential to gone',
        'alter table connections rename column gone to credential',
      ],
      [
        "alter table connections add constraint none check (name <> 'failing') not valid",
        'alter table connections drop constraint none',
      ],
    ] as const) {
      await sql(breakIt);
      const answer = await ask('PUT', pathOf('canary-onmeta', 'failing'), body);
      await sql(mendIt);
      expect(answer).toMatchObject({ status: 500, code: 'internal_error' });
    }
    const mend = await breakAudit();
    const refused = await ask('PUT', pathOf('canary-onmeta', 'failing'), body);
    await ask('GET', '/providers/canary-onmeta/token?connection=acme', undefined, reader);
    await mend();

    expect(refused).toMatchObject({ code: 'audit_unavailable' });
    expect(await search()).toEqual([]);
  });

  it('of the key file', async () => {
    const file = await readFile(join(broker.dataDir, 'keys.json'), 'utf8');
    const keys: string[] = [];
    JSON.parse(file, (_name, value: unknown) =>
      typeof value === 'string' && value.length > 40 ? keys.push(value) : value,
    );
    keys.forEach((key, index) => canaries.set(`key ${index} of the key file`, key));

    expect(keys.length).toBeGreaterThan(3);
    expect(await search()).toEqual([]);
  });

  it('though a secret that is there would be found', async () => {
    await ask('PUT', '/admin/callers/singing', { description: 'a canary that sings' });
    const sings = new Map([['it', 'a canary that sings']]);
    const dump = await dumpDatabase();

    expect(findCanaries(sings, { dump, answers: watched.answers.join('\n'), log: broker.lines.join('') })).toEqual([
      'it in dump',
      'it in answers',
    ]);
    expect(canaries.size).toBeGreaterThan(60);
    expect(broker.lines.length).toBeGreaterThan(200);
  });
});
