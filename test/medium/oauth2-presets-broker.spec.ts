import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type IssuedCredential, type Sandbox, startSandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { pathOf } from '../support/connect.js';

let broker: TestBroker;
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox();
  broker = await startBroker({ environment: { OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8' } });
});
afterAll(async () => {
  await broker?.stop();
  await sandbox.close();
});

/** What docs/providers.md shows: a provider, a connection, a token. */
async function tokenOf(name: string, provider: object, { credential }: Pick<IssuedCredential, 'credential'>) {
  const made = await broker.as().put(`/admin/providers/${name}`).send(provider);
  expect([made.status, made.text]).toEqual([201, expect.any(String)]);
  expect((await broker.as().put(pathOf(name, 'acme')).send({ credential })).status).toBe(201);
  return broker.as(await broker.keyFor([`${name}/acme`])).get(`/providers/${name}/token?connection=acme`);
}

describe('a provider added by configuration alone', () => {
  it.each(['slack', 'xero', 'zoho', 'microsoft-entra'])('should give tokens by the preset %s', async (preset) => {
    const { type, settings, secrets, ...issued } = await sandbox.issue(preset);

    const { status, body } = await tokenOf(preset, { type, settings, secrets }, issued);

    expect([status, body.authorization]).toEqual([200, `${body.token_type} ${body.access_token}`]);
    expect(sandbox.lookup(body.access_token)).toMatchObject({ credential: issued.id, live: true });
  });

  it('should give tokens without a preset where the vendor keeps to the RFC', async () => {
    const { type, settings, secrets, ...issued } = await sandbox.issue('docusign');
    const { token_url, client_id } = settings;

    const { status, body } = await tokenOf('signing', { type, settings: { token_url, client_id }, secrets }, issued);

    expect([status, sandbox.lookup(body.access_token)?.live]).toEqual([200, true]);
  });

  it('should refuse what is wrong by its path', async () => {
    const settings = { preset: 'slack', client_id: 'a', errors: [{ code: 'x', reason: 'because' }] };

    const { status, body } = await broker.as().put('/admin/providers/wrong').send({ type: 'oauth2', settings });

    expect([status, body.errors]).toEqual([400, [expect.objectContaining({ field: 'settings.errors.0.reason' })]]);
  });
});
