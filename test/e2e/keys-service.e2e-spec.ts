import { Scheduler } from '@app/tokens';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { broughtToken, connect } from '../support/connect.js';
import { eventually } from '../support/eventually.js';
import { type KeyService, startVault, VAULT_TOKEN } from '../support/key-services.js';
import { startTestSandbox } from '../support/sandbox.js';
import { sql } from '../support/test-database.js';
import { TokenClient } from '../support/token-client.js';

let sandbox: Sandbox;
let vault: KeyService;
let broker: TestBroker;
let service: TokenClient;

const environment = (): Record<string, string> => ({
  KEY_PROVIDER: 'vault-transit',
  VAULT_ADDR: vault.url,
  VAULT_TOKEN,
  VAULT_TRANSIT_KEY: 'claviger-1',
});

beforeAll(async () => {
  sandbox = await startTestSandbox();
  vault = await startVault(['claviger-1', 'claviger-2']);
  broker = await startBroker({ environment: environment() });
  await broker.app.get(Scheduler).stop();
  service = new TokenClient(broker, await broker.keyFor(['*/*']));
  for (const name of ['held', 'other', 'late']) {
    await connect({ broker, sandbox }, 'klavi', name, { token: broughtToken(name) });
  }
});

afterAll(async () => {
  await service?.close();
  await broker?.stop();
  await vault?.close();
  await sandbox?.close();
});

const ask = (connection: string) => service.get('klavi', { connection });

describe('a broker whose keys are in a key service', () => {
  it('should seal with the key of the service, and leave the local one unused', async () => {
    const { body } = await broker.as().get('/admin/keys');
    expect(body.items).toContainEqual(
      expect.objectContaining({ id: 'claviger-1', provider: 'vault-transit', state: 'primary' }),
    );
    expect(body.items).toContainEqual(expect.objectContaining({ provider: 'file', state: 'pending', values: 0 }));
    expect((await ask('held')).status).toBe(200);
  });

  it('should go on with held tokens while the service is down, and answer 503 for the rest within a second', async () => {
    // Another replica sealed it: this one has not opened it yet.
    const neighbour = await startBroker({ environment: environment(), replicaOf: broker });
    const cold = new TokenClient(neighbour, await broker.keyFor(['*/*']));
    vault.mood('silent');
    const from = performance.now();
    const refused = await cold.get('klavi', { connection: 'other' });
    // A second, and what a busy machine adds; the service would never answer.
    expect(performance.now() - from).toBeLessThan(5000);
    expect([refused.status, refused.body['code'], refused.body['detail']]).toEqual([
      503,
      'storage_unavailable',
      expect.stringContaining('The key service vault-transit does not answer in time'),
    ]);
    expect((await ask('held')).status).toBe(200);
    vault.mood('well');
    expect((await cold.get('klavi', { connection: 'other' })).status).toBe(200);
    await cold.close();
    await neighbour.stop();
  });

  it('should send no refresh whose answer it could not seal, and send it once it can', async () => {
    await sql(`update connections set token_expires_at = clock_timestamp() where name = 'late'`);
    const before = sandbox.requests().length;
    vault.mood('failing');
    const failed = await eventually(async () => {
      const answer = await ask('late');
      expect(answer.status).toBe(503);
      return answer;
    });
    expect(failed.body['code']).toBe('storage_unavailable');
    expect(sandbox.requests()).toHaveLength(before);
    vault.mood('well');
    await eventually(async () => expect((await ask('late')).status).toBe(200));
  });

  it('should rotate to another key of the service', async () => {
    const { status, body } = await broker.as().post('/admin/keys/rotate').send({ key: 'claviger-2' });
    expect([status, body.items.find(({ id }: { id: string }) => id === 'claviger-2')?.state]).toEqual([202, 'primary']);
    await eventually(async () => {
      const { body: now } = await broker.as().get('/admin/keys');
      expect(now.items).toContainEqual(expect.objectContaining({ id: 'claviger-1', state: 'retired', values: 0 }));
    });
    expect((await ask('other')).status).toBe(200);
  });

  it('should refuse a key that the service does not have, and say so', async () => {
    const { status, body } = await broker.as().post('/admin/keys/rotate').send({ key: 'claviger-9' });
    expect([status, body.code, body.detail]).toEqual([
      503,
      'storage_unavailable',
      expect.stringContaining('cannot seal with key claviger-9'),
    ]);
  });
});
