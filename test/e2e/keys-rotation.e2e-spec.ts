import { KeyWatch } from '@app/connections';
import { addKey } from '@app/crypto';
import { Scheduler } from '@app/tokens';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { broughtToken, connect } from '../support/connect.js';
import { eventually } from '../support/eventually.js';
import { startTestSandbox } from '../support/sandbox.js';
import { sql } from '../support/test-database.js';
import { TokenClient } from '../support/token-client.js';

interface Key {
  readonly id: string;
  readonly state: string;
  readonly acknowledged_by: number;
  readonly values: number | null;
}

let sandbox: Sandbox;
let one: TestBroker;
let two: TestBroker;
let service: TokenClient;
let first: string;
let second: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  one = await startBroker();
  two = await startBroker({ replicaOf: one });
  await one.app.get(Scheduler).stop();
  await two.app.get(Scheduler).stop();
  service = new TokenClient(two, await one.keyFor(['*/*']));
  await connect({ broker: one, sandbox }, 'klavi', 'acme', { token: broughtToken('brought') });
  first = (await keys())[0]?.id ?? '';
});

afterAll(async () => {
  await service?.close();
  await two?.stop();
  await one?.stop();
  await sandbox?.close();
});

const file = (): string => join(one.dataDir, 'keys.json');
const status = async () => (await one.as().get('/admin/keys')).body as { items: Key[]; rotation: unknown };
const keys = async (): Promise<readonly Key[]> => (await status()).items;
const stateOf = async (id: string): Promise<string | undefined> => (await keys()).find((key) => key.id === id)?.state;
const rotate = (body: object) => one.as().post('/admin/keys/rotate').send(body);
const sealers = async (): Promise<readonly string[]> => {
  const rows = await sql<{ key: string }>(
    `select distinct convert_from(substring(credential from 3 for get_byte(credential, 1)), 'UTF8') as key from connections`,
  );
  return rows.map(({ key }) => key);
};
const events = async (): Promise<readonly string[]> => {
  const { body } = await one.as().get('/audit/events?limit=1000');
  return (body as { items: { action: string; reason: string; actor: { type: string } }[] }).items
    .filter(({ action }) => action.startsWith('encryption_key.'))
    .map(({ action, reason, actor }) => `${action} ${reason} ${actor.type}`)
    .toReversed();
};

describe('a rotation of the encryption key', () => {
  it('should begin with one key that every replica opens', async () => {
    await eventually(async () =>
      expect(await keys()).toEqual([
        expect.objectContaining({ id: first, provider: 'file', state: 'primary', acknowledged_by: 2, values: null }),
      ]),
    );
    expect(await status()).toMatchObject({ next_cursor: null, rotation: null, replicas: [{}, {}] });
  });

  it('should find a key that is added to the key file, without a restart', async () => {
    second = addKey(file());
    await eventually(async () =>
      expect(await keys()).toContainEqual(
        expect.objectContaining({ id: second, state: 'pending', acknowledged_by: 2, values: 0 }),
      ),
    );
    expect(await sealers()).toEqual([first]);
  });

  it('should refuse a key that nobody has, one that is none, and a service that is not configured', async () => {
    const refusals = await Promise.all([
      rotate({ key: 'k-unknown' }),
      rotate({ key: 'not a key' }),
      rotate({ key: 'alias/x', provider: 'aws-kms' }),
      rotate({ key: 'claviger', provider: 'vault-transit' }),
      rotate({ key: second, provider: 'post-it' }),
    ]);
    expect(refusals.map(({ status: given, body }) => [given, body.errors?.[0]?.field])).toEqual([
      [400, 'key'],
      [400, 'key'],
      [400, 'key'],
      [400, 'provider'],
      [400, 'provider'],
    ]);
  });

  it('should wait for a replica that does not open the key, and be cancelled by asking for the present one', async () => {
    await sql(`insert into replicas (id, seen_at) values (gen_random_uuid(), clock_timestamp() + interval '1 hour')`);
    const waiting = await rotate({ key: second });
    expect([waiting.status, waiting.body.rotation]).toEqual([
      202,
      expect.objectContaining({ key: second, phase: 'waiting_for_replicas', waiting_for: [expect.any(String)] }),
    ]);
    const third = addKey(file());
    const conflicting = await rotate({ key: third });
    expect([conflicting.status, conflicting.body.code]).toEqual([409, 'conflict']);
    const cancelled = await rotate({ key: first });
    expect([cancelled.status, cancelled.body.rotation]).toEqual([202, null]);
    await sql('delete from replicas where opens = $1', [[]]);
    expect(await stateOf(first)).toBe('primary');
  });

  it('should promote, re-wrap all that is stored, and retire the old key', async () => {
    const { status: given, body } = await rotate({ key: second });
    expect([given, (body.items as Key[]).find(({ id }) => id === second)?.state]).toEqual([202, 'primary']);
    await eventually(async () => expect(await stateOf(first)).toBe('retired'));
    expect(await sealers()).toEqual([second]);
    expect(await status()).toMatchObject({ rotation: null });
    const token = await service.get('klavi', { connection: 'acme' });
    expect(token.status).toBe(200);
  });

  it('should change nothing where it is asked for again', async () => {
    const before = await events();
    expect((await rotate({ key: second })).status).toBe(202);
    expect(await events()).toEqual(before);
  });

  it('should be in the audit log, with who asked for it', async () => {
    const recorded = await events();
    expect(recorded.filter((line) => line.includes(second) || line.includes(first))).toEqual([
      `encryption_key.added ${second} system`,
      `encryption_key.rotation_requested ${second} caller`,
      `encryption_key.rotation_cancelled ${second} caller`,
      `encryption_key.rotation_requested ${second} caller`,
      `encryption_key.promoted ${second} system`,
      `encryption_key.retired ${first} system`,
    ]);
  });

  it('should show in the metrics', async () => {
    const { text } = await one.as().get('/metrics');
    expect(text).toContain(`claviger_encryption_keys{key="${second}",provider="file",state="primary"} 1`);
    expect(text).toContain(`claviger_encryption_keys{key="${first}",provider="file",state="retired"} 1`);
    expect(text).toMatch(new RegExp(`claviger_rewrapped_values_total\\{key="${first}"\\} \\d`));
    expect(text).toContain('claviger_encryption_key_replicas_behind 0');
  });

  it('should show no key anywhere', async () => {
    const { encryption } = JSON.parse(await readFile(file(), 'utf8')) as { encryption: { keys: { key: string }[] } };
    const answers = [(await one.as().get('/admin/keys')).text, (await one.as().get('/metrics')).text, ...one.lines];
    expect(encryption.keys).toHaveLength(3);
    expect(encryption.keys.filter(({ key }) => answers.join('\n').includes(key))).toEqual([]);
  });

  it('should be seen by auditors and services as little as other administration', async () => {
    const auditor = one.as(await one.keyFor(['*/*'], ['auditor']));
    expect((await auditor.get('/admin/keys')).status).toBe(403);
    expect((await auditor.post('/admin/keys/rotate').send({ key: first })).status).toBe(403);
  });

  it('should not count a replica that has stopped', async () => {
    await two.app.get(KeyWatch).stop();
    expect((await status()) as unknown).toMatchObject({ replicas: [{}] });
  });
});
