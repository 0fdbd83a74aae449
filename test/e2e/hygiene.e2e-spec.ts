import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { auditEvents } from '../support/audit-log.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { type Canaries, echoingFaults, findCanaries, issueOptions, TYPES } from '../support/canaries.js';
import { broughtToken, pathOf } from '../support/connect.js';
import { startTestSandbox } from '../support/sandbox.js';
import { breakAudit, dumpDatabase, sql } from '../support/test-database.js';

const canaries: Canaries = new Map();
/** Every answer of the broker: headers and body, without what a token answer is there to give. */
const answers: string[] = [];

let sandbox: Sandbox;
let broker: TestBroker;
let reader: string;

/** What was written past the broker's own log. */
const spies = [process.stdout, process.stderr].map((stream) => jest.spyOn(stream, 'write'));
const printed = (): string => spies.flatMap(({ mock }) => mock.calls.map(([text]) => String(text))).join('');

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
  reader = await broker.keyFor(['*/*']);
  for (const [name, key] of [
    ['the administrator', broker.adminKey],
    ['the reader', reader],
  ] as const) {
    canaries.set(`the key of ${name}`, key);
    canaries.set(`the secret of the key of ${name}`, key.split('_').slice(2).join('_').slice(0, 43));
  }
});

afterAll(async () => {
  spies.forEach((spy) => spy.mockRestore());
  await broker?.stop();
  await sandbox?.close();
});

type Body = Record<string, unknown> & { readonly generation?: number; readonly key?: string };

/** Sends a request and keeps its answer; tokens and keys in it become canaries themselves. */
async function ask(method: string, path: string, body?: object | string, key = broker.adminKey): Promise<Body> {
  const headers = {
    authorization: `Bearer ${key}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const text = typeof body === 'object' ? JSON.stringify(body) : body;
  const answer = await fetch(`${broker.url}${path}`, {
    method,
    headers,
    ...(text === undefined ? {} : { body: text }),
  });
  const received = await answer.text();
  const json = (received.startsWith('{') ? JSON.parse(received) : {}) as Body;
  const shown = answer.ok && /\/token|\/keys$/.test(path.split('?')[0] ?? '') ? withoutGift(json) : received;
  answers.push(`${method} ${answer.status} ${JSON.stringify([...answer.headers])} ${shown}`);
  return json;
}

/** The answer without the one thing that it is there to give, which is a canary from now on. */
function withoutGift({ access_token, authorization: _ready, extra, key, ...rest }: Body): string {
  const gifts = [access_token, key, ...Object.values((extra ?? {}) as Body)];
  // Numbers of transactions are no secrets, and too short to be searched for.
  gifts
    .filter((gift): gift is string => typeof gift === 'string' && gift.length > 20)
    .forEach((gift) => canaries.set(`handed out: ${gift.slice(0, 12)}… (${canaries.size})`, gift));
  return JSON.stringify(rest);
}

const search = async (): Promise<string[]> =>
  findCanaries(canaries, {
    'the log': broker.lines.join(''),
    'what was printed': printed(),
    'an answer': answers.join('\n'),
    'the metrics': await (await fetch(`${broker.url}/metrics`)).text(),
    'the audit log': JSON.stringify(await auditEvents(broker)),
    'the database': await dumpDatabase(),
  });

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

    expect(findCanaries(sings, { dump, answers: answers.join('\n'), log: broker.lines.join('') })).toEqual([
      'it in dump',
      'it in answers',
    ]);
    expect(canaries.size).toBeGreaterThan(60);
    expect(broker.lines.length).toBeGreaterThan(200);
  });
});
