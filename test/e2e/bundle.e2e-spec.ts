import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type IssuerKey, newIssuerKey } from '../../libs/callers/src/identity/testing/token-issuer.js';
import { type KeyService, startKms, startVault, VAULT_TOKEN } from '../support/key-services.js';
import { addressIn, type BrokerProcess, spawnBroker, temporaryFolder } from '../support/process.js';

jest.setTimeout(60_000);

const ARN = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const ISSUER = 'https://issuer.example';

let folder: string;
let kms: KeyService;
let vault: KeyService;
let issuer: Server;
let key: IssuerKey;
let broker: BrokerProcess | undefined;

beforeAll(async () => {
  folder = await temporaryFolder();
  kms = await startKms([ARN]);
  vault = await startVault(['claviger-1']);
  key = await newIssuerKey('ES256', 'one');
  issuer = createServer((_request, response) => response.end(JSON.stringify({ keys: [key.jwk] })));
  await once(issuer.listen(0, '127.0.0.1'), 'listening');
});

afterAll(async () => {
  await broker?.end('SIGKILL');
  await Promise.all([kms.close(), vault.close()]);
  issuer.closeAllConnections();
  issuer.close();
  await rm(folder, { recursive: true, force: true });
});

/** A broker with an embedded Postgres of its own, the sandbox and the demo connections; and how its administrator asks. */
async function start(name: string, environment: Readonly<Record<string, string>>) {
  broker = spawnBroker({ DATA_DIR: join(folder, name), SANDBOX_PORT: '0', ...environment });
  const output = await broker.untilPrinted('Stop with Ctrl-C');
  const adminKey = /Admin key +(\S+)/.exec(output)?.[1] ?? '';
  return async (path: string, { method = 'GET', body, bearer = adminKey }: Asked = {}) => {
    const answer = await fetch(`${addressIn(output)}${path}`, {
      method,
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, unknown>> };
  };
}

interface Asked {
  readonly method?: string;
  readonly body?: object;
  readonly bearer?: string;
}

const holding = (item: object) => ({ items: expect.arrayContaining([expect.objectContaining(item)]) });

/** What is loaded only when it is needed, in the files that users run: the suites beside this one run the sources. */
describe('the bundle', () => {
  it('should seal with a key of AWS KMS, believe workloads, sign for Monetate and describe its API', async () => {
    const identities = join(folder, 'identities.json');
    const jwks_url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/keys`;
    const trusted = { name: 'cluster', issuer: ISSUER, audience: 'claviger', algorithms: ['ES256'], jwks_url };
    await writeFile(identities, JSON.stringify({ issuers: [trusted] }));
    const ask = await start('kms', {
      KEY_PROVIDER: 'aws-kms',
      AWS_KMS_KEY: ARN,
      AWS_ENDPOINT_URL_KMS: kms.url,
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'a-secret-of-tests',
      IDENTITIES_FILE: identities,
    });
    const caller = { rules: ['monetate/*'], identities: [{ issuer: ISSUER, subject: 'billing' }] };
    expect((await ask('/admin/callers/billing', { method: 'PUT', body: caller })).status).toBe(201);
    const claims = { iss: ISSUER, aud: 'claviger', sub: 'billing', exp: Math.floor(Date.now() / 1000) + 600 };
    const bearer = await key.sign(claims);

    const token = await ask('/providers/monetate/token?connection=demo', { bearer });
    const keys = await ask('/admin/keys');
    const description = await ask('/openapi.json');

    expect(token).toMatchObject({ status: 200, body: { provider: 'monetate', connection: 'demo' } });
    expect(keys.body).toMatchObject(holding({ provider: 'aws-kms', reference: ARN, state: 'primary' }));
    expect(kms.count()).toBeGreaterThan(0);
    expect(description.body).toMatchObject({ paths: { '/providers/{provider}/token': expect.anything() } });
    expect(await broker?.end('SIGTERM')).toBe(0);
  });

  it("should seal with a key of Vault's transit engine", async () => {
    const ask = await start('vault', {
      KEY_PROVIDER: 'vault-transit',
      VAULT_ADDR: vault.url,
      VAULT_TOKEN,
      VAULT_TRANSIT_KEY: 'claviger-1',
    });
    const keys = await ask('/admin/keys');

    expect((await ask('/providers/klavi/token?connection=demo')).status).toBe(200);
    expect(keys.body).toMatchObject(holding({ provider: 'vault-transit', reference: 'claviger-1', state: 'primary' }));
    expect(vault.count()).toBeGreaterThan(0);
    expect(await broker?.end('SIGTERM')).toBe(0);
  });
});
