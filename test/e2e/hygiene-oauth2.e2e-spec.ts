import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { auditEvents } from '../support/audit-log.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { type Canaries } from '../support/canaries.js';
import { broughtToken, pathOf } from '../support/connect.js';
import { type EchoingProvider, startEchoingProvider } from '../support/echoing-provider.js';
import { eventually } from '../support/eventually.js';
import { sql } from '../support/test-database.js';
import { type Body, WatchedBroker } from '../support/watched-broker.js';

const AUTHS = ['basic', 'basic_empty_password', 'body', 'query', 'header', 'private_key_jwt', 'none'] as const;
const CHANGED = { code: 'connection_misconfigured', upstream: { reason: 'host_unconfirmed' } };

const canaries: Canaries = new Map();

let provider: EchoingProvider;
let broker: TestBroker;
let watched: WatchedBroker;
let reader: string;

beforeAll(async () => {
  provider = await startEchoingProvider(canaries);
  broker = await startBroker();
  watched = new WatchedBroker(broker, canaries);
  reader = await broker.keyFor(['*/*']);
  watched.addKey('the reader', reader);
});

afterAll(async () => {
  watched?.release();
  await broker?.stop();
  provider?.close();
});

const ask = (method: string, path: string, body?: object, key?: string): Promise<Body> =>
  watched.ask(method, path, { body, key });

/** In capitals, so that none can be a name. */
function canary(of: string): string {
  const text = `CANARY-${of.replaceAll(' ', '-')}-${randomBytes(12).toString('hex')}`;
  canaries.set(of, text);
  return text;
}

function privateKey(of: string): string {
  const pem = generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  canaries.set(of, pem);
  return pem;
}

describe.each(AUTHS)('no secret of an OAuth client that proves itself by %s should be found anywhere', (auth) => {
  const name = `oauth-${auth.replaceAll('_', '-')}`;
  const at = `/admin/providers/${name}`;
  const connection = pathOf(name, 'acme');

  it('held at either level, after successes and after failures that echo them', async () => {
    const settings = { token_url: `${provider.url}/token`, client_id: 'client', client_auth: auth };
    const shared = {
      client_secret: canary(`${auth}.client_secret`),
      ...(auth === 'private_key_jwt' ? { private_key: privateKey(`${auth}.private_key`) } : {}),
    };
    const own = { client_secret: canary(`${auth}.own_client_secret`) };
    const credential = { refresh_token: canary(`${auth}.refresh_token`) };
    provider.answer(200);
    await ask('PUT', at, { type: 'oauth2', settings, secrets: shared });
    expect(await ask('PUT', connection, { credential })).toMatchObject({ state: 'active' });
    expect(await ask('POST', `${connection}/refresh`)).toMatchObject({ outcome: 'ok' });
    const { generation = 1 } = await ask('GET', `/providers/${name}/token?connection=acme`, undefined, reader);
    await ask('PATCH', connection, { credential: own });
    await ask('POST', `/providers/${name}/token`, { connection: 'acme', rejected_generation: generation }, reader);

    for (const status of [400, 401, 403, 429, 500]) {
      provider.answer(status);
      await ask('POST', `${connection}/refresh`);
      await ask('POST', `/providers/${name}/token`, { connection: 'acme', rejected_generation: generation }, reader);
      await ask('POST', `${connection}/resume`);
    }
    const rows = await auditEvents(broker, `provider=${name}`);

    expect(new Set(rows.map(({ outcome }) => outcome)).size).toBeGreaterThan(2);
    expect(await watched.search()).toEqual([]);
  });
});

describe('no secret of an OAuth client should be found anywhere', () => {
  it('after its host was changed, confirmed, and its private CA was a private key', async () => {
    const at = '/admin/providers/oauth-basic';
    provider.answer(200);
    await ask('PATCH', at, { settings: { token_url: `${provider.url.replace('127.0.0.1', 'localhost')}/token` } });
    expect(await ask('POST', `${pathOf('oauth-basic', 'acme')}/refresh`)).toMatchObject(CHANGED);
    await ask('POST', `${at}/confirm-hosts`);
    await ask('POST', `${pathOf('oauth-basic', 'acme')}/confirm-hosts`);
    const pem = privateKey('a private key in the wrong place');
    for (const certificates of [pem, `${pem}${pem}`, [pem], `-----BEGIN CERTIFICATE-----\n${pem}`]) {
      await ask('PATCH', at, { settings: { ca_certificates: certificates } });
    }
    await ask('PATCH', at, { settings: { token_url: `https://user:${canary('a password in a URL')}@evil.example/` } });

    expect(await watched.search()).toEqual([]);
  });

  it('where an answer waits in the spool, as the database does not take it', async () => {
    const connection = pathOf('spooling', 'spooled');
    const settings = { token_url: `${provider.url}/token`, client_id: 'client', rotation: 'strict' };
    const secrets = { client_secret: canary('spooling.client_secret') };
    await ask('PUT', '/admin/providers/spooling', { type: 'oauth2', settings, secrets });
    const token = broughtToken(canary('a brought token'), 600);
    const credential = { refresh_token: canary('spooled.refresh_token') };
    expect(await ask('PUT', connection, { credential, token })).toMatchObject({ state: 'active' });
    provider.answer(200);
    await sql(`alter table connections add constraint refused check (generation < 2 or name <> 'spooled') not valid`);
    const refreshed = ask('POST', `${connection}/refresh`);
    const waiting = await eventually(async () => {
      const answers = (await readdir(join(broker.dataDir, 'spool'))).filter((name) => name.endsWith('.answer'));
      expect(answers).toHaveLength(1);
      return answers;
    });
    const found = await watched.search();
    await sql('alter table connections drop constraint refused');

    expect(waiting).toHaveLength(1);
    expect(await refreshed).toMatchObject({ outcome: 'ok' });
    expect(found).toEqual([]);
    expect(canaries.size).toBeGreaterThan(60);
  });
});
