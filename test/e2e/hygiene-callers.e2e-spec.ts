import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IssuerKey, newIssuerKey } from '../../libs/callers/src/identity/testing/token-issuer.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { makeHeld, putCaller } from '../support/callers.js';
import type { Canaries } from '../support/canaries.js';
import { type Ask, WatchedBroker } from '../support/watched-broker.js';

const ISSUER = 'https://issuer.example';
const CERTIFICATE = 'x-forwarded-client-cert';
const identitiesFile = join(tmpdir(), `claviger-hygiene-${process.pid}.json`);

const canaries: Canaries = new Map();

let issuer: Server;
let key: IssuerKey;
let broker: TestBroker;
let watched: WatchedBroker;

beforeAll(async () => {
  key = await newIssuerKey('RS256', 'one');
  issuer = createServer((_request, response) => response.end(JSON.stringify({ keys: [key.jwk] })));
  await once(issuer.listen(0, '127.0.0.1'), 'listening');
  const jwks_url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/`;
  const trusted = { name: 'cluster', issuer: ISSUER, audience: 'claviger', algorithms: ['RS256'], jwks_url };
  await writeFile(identitiesFile, JSON.stringify({ issuers: [trusted] }));
  const environment = {
    IDENTITIES_FILE: identitiesFile,
    IDENTITY_HEADER: CERTIFICATE,
    TRUSTED_PROXIES: '127.0.0.1/32',
  };
  broker = await startBroker({ environment });
  watched = new WatchedBroker(broker, canaries);
  await makeHeld(broker, [['onmeta', 'acme']]);
  await putCaller(broker, 'workload', { rules: ['*/*'], identities: [{ issuer: ISSUER, subject: 'workload' }] });
  await putCaller(broker, 'meshed', { rules: ['*/*'], identities: [{ issuer: 'mtls', subject: 'CN=meshed' }] });
});

afterAll(async () => {
  watched?.release();
  await broker?.stop();
  issuer?.close();
  await rm(identitiesFile, { force: true });
});

const TOKEN = '/providers/onmeta/token?connection=acme';

/** A token of a workload, which is a canary, and so is its signature. */
async function tokenOf(what: string, claims: object = {}, by = key): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const token = await by.sign({ iss: ISSUER, aud: 'claviger', sub: 'workload', iat: now, exp: now + 600, ...claims });
  canaries.set(`a token: ${what}`, token);
  canaries.set(`the signature of a token: ${what}`, token.split('.')[2] ?? '');
  return token;
}

/** To every endpoint that anybody may have a secret end up at, by mistake. */
async function everywhere(ask: Ask): Promise<void> {
  for (const path of [TOKEN, '/providers', '/admin/callers', '/audit/events?limit=1', '/nowhere', '/health/ready']) {
    await watched.ask('GET', path, ask);
  }
  await watched.ask('POST', '/providers/onmeta/token', { ...ask, body: { connection: 'acme' } });
}

describe('no secret of a caller should be found anywhere', () => {
  it('where workloads bring tokens, good and bad', async () => {
    const wrongKey = await newIssuerKey('RS256', 'one');
    const tokens = [
      await tokenOf('good'),
      await tokenOf('expired', { exp: 1_000_000_000 }),
      await tokenOf('of a stranger', { sub: 'stranger' }),
      await tokenOf('for somebody else', { aud: 'other' }),
      await tokenOf('of another issuer', { iss: 'https://evil.example' }),
      await tokenOf('forged', {}, wrongKey),
      (await tokenOf('cut')).slice(0, -3),
    ];
    expect(await watched.ask('GET', TOKEN, { key: tokens[0] })).toMatchObject({ generation: 1 });
    for (const token of tokens) {
      await everywhere({ key: token });
      await watched.ask('GET', `/audit/events?request_id=${token}`);
      await watched.ask('GET', `${TOKEN}&access_token=${token}`, { key: '' });
      await watched.ask('PUT', '/admin/callers/workload', {
        body: { identities: [{ issuer: token, subject: token }] },
      });
    }

    expect(await watched.search()).toEqual([]);
  });

  it('where a proxy hands on certificates, with more in them than a name', async () => {
    const certificate = `CANARY${randomBytes(60).toString('hex')}`;
    canaries.set('a certificate', certificate);
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const body = pem.replace(/-----[A-Z ]+-----|\n/g, '');
    canaries.set('a private key in a header', body);
    const good = `Hash=468ed33b;Cert="${certificate}";Subject="CN=meshed"`;
    expect(await watched.ask('GET', TOKEN, { key: '', headers: { [CERTIFICATE]: good } })).toMatchObject({
      generation: 1,
    });
    for (const value of [good, `Cert="${certificate}"`, body, `${good},${good}`, `Subject="${body}`]) {
      await everywhere({ key: '', headers: { [CERTIFICATE]: value } });
    }

    expect(await watched.search()).toEqual([]);
  });

  it('where keys and tokens stand in headers that they do not belong in', async () => {
    const stray = `CANARY-stray-${randomBytes(16).toString('hex')}`;
    canaries.set('a stray secret', stray);
    for (const name of ['x-api-key', 'cookie', 'proxy-authorization', 'x-request-id', 'if-match', 'user-agent']) {
      await everywhere({ headers: { [name]: `secret=${stray}` } });
    }
    for (const authorization of [`Basic ${stray}`, `bearer  ${stray}`, `Bearer ${stray} ${stray}`, stray]) {
      await everywhere({ key: '', headers: { authorization } });
    }

    expect(await watched.search()).toEqual([]);
  });

  it('where tokens are looked up, and the log is verified and copied away', async () => {
    const stolen = `CANARY-stolen-${randomBytes(16).toString('hex')}`;
    canaries.set('a token that was never ours', stolen);
    canaries.set('a token that is', 'onmeta-acme-token');
    for (const token of [stolen, 'onmeta-acme-token', [stolen], `${stolen}\0`, '']) {
      await watched.ask('POST', '/audit/lookup', { body: { token } });
      await watched.ask('POST', '/audit/lookup', { body: { token, unknown: stolen } });
    }
    await watched.ask('GET', `/audit/lookup?token=${stolen}`);
    await watched.ask('POST', '/audit/lookup', { body: `{"token":"${stolen}"` });
    await watched.ask('GET', '/audit/verify');
    await watched.ask('GET', '/audit/export?format=ndjson');
    await watched.ask('GET', '/audit/export?format=csv');
    await watched.ask('GET', `/audit/export?from=${stolen}&format=${stolen}`);
    await watched.ask('GET', '/admin/keys');
    await watched.ask('POST', '/admin/keys/rotate', { body: { to: stolen } });
    await watched.ask('GET', '/admin/callers/workload/explain?connection=onmeta/acme');
    await watched.ask('GET', `/admin/callers/workload/explain?connection=${stolen}`);

    expect(await watched.search()).toEqual([]);
  });
});
