import { newId, Secret } from '@app/common';
import {
  ConnectionService,
  ConnectionsRepository,
  KeyOpening,
  KeyRotationService,
  KeysRepository,
} from '@app/connections';
import { type EncryptionKeyEntry, Envelopes, generateKeyFile, Keyring } from '@app/crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { KeyFollower } from '../../libs/connections/src/keys/key.follower.js';
import { KeyRotation } from '../../libs/connections/src/keys/key.rotation.js';
import { Rewrapper } from '../../libs/connections/src/keys/rewrapper.js';
import { SEALED_COLUMNS } from '../../libs/connections/src/keys/sealed-columns.js';
import { newConnection, newInput, storedConnection } from '../support/connections.js';
import { eventually } from '../support/eventually.js';
import { sql } from '../support/test-database.js';
import { HeldProvider, startTokenReplica, SYSTEM, type TokenReplica } from '../support/token-replica.js';

jest.setTimeout(20_000);

const entry = (id: string, state: EncryptionKeyEntry['state']): EncryptionKeyEntry => ({
  id,
  state,
  key: new Secret(randomBytes(32).toString('base64')),
});
const keyFile = {
  ...generateKeyFile(),
  encryption: { keys: [entry('k-1', 'primary'), entry('k-2', 'pending'), entry('k-3', 'pending')] },
};
const MANY = 230;
const [CREDENTIAL] = SEALED_COLUMNS;

let replica: TokenReplica;
let keys: KeysRepository;

const startReplica = (keyring = new Keyring(keyFile)) =>
  startTokenReplica(new HeldProvider(), { replicaMs: 300 }, (builder) =>
    builder.overrideProvider(Keyring).useValue(keyring),
  );

beforeAll(async () => {
  replica = await startReplica();
  await replica.module.get(KeyOpening).open();
  keys = replica.module.get(KeysRepository);
});

afterAll(() => replica?.stop());

const rotate = (key: string) => replica.module.get(KeyRotationService).rotate(SYSTEM, { key });
const advance = async (): Promise<void> => {
  const follower = replica.module.get(KeyFollower);
  await follower.refresh();
  await replica.module.get(KeyRotation).advance(follower.known);
};
const standingOf = async (id: string) =>
  (await replica.module.get(KeyRotationService).status()).keys.find((key) => key.id === id);
const keyOf = (sealed: Buffer): string => sealed.subarray(2, 2 + (sealed[1] ?? 0)).toString();
/** IV, tag and ciphertext: what stands behind the wrapped key, whose length is in two bytes before it. */
const contentOf = (sealed: Buffer): string => {
  const lengthAt = 2 + (sealed[1] ?? 0);
  return sealed.subarray(lengthAt + 2 + sealed.readUInt16BE(lengthAt)).toString('hex');
};

/** So many connections at once, past the service. */
async function insertSealed(count: number): Promise<void> {
  const ids = Array.from({ length: count }, newId);
  const sealed = await Promise.all(
    ids.map((row) =>
      replica.module
        .get(Envelopes)
        .seal('{"api_secret":"s"}', { table: 'connections', row, column: 'credential', generation: 1 }),
    ),
  );
  await sql(
    `insert into connections (id, provider, name, state, credential, credential_fields)
     select id, 'berbix', id::text, 'paused', sealed, '{api_secret}' from unnest($1::uuid[], $2::bytea[]) as given(id, sealed)`,
    [ids, sealed],
  );
}

const rowsOf = async (key: string) => keys.page(CREDENTIAL as (typeof SEALED_COLUMNS)[number], key, undefined, 1000);

describe('re-wrapping', () => {
  it('should know every column that holds envelopes', async () => {
    const columns = await sql<{ name: string }>(
      `select table_name || '.' || column_name as name from information_schema.columns
       where table_schema = 'public' and data_type = 'bytea' and table_name in ('connections', 'providers', 'spares')`,
    );
    expect(SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`).toSorted()).toEqual(
      columns.map(({ name }) => name).toSorted(),
    );
  });

  it('should bring all that is stored under the new key, touch nothing else, and retire the old one', async () => {
    const { id } = await newConnection(replica);
    await insertSealed(MANY - 1);
    const before = await sql<{ credential: Buffer; rest: string }>(
      `select credential, (to_jsonb(c) - 'credential')::text as rest from connections c where id = $1`,
      [id],
    );
    await rotate('k-2');
    await advance();
    expect(await standingOf('k-1')).toMatchObject({ state: 'retired', values: 0, rewrapped: MANY, unreadable: 0 });
    const after = await sql<{ credential: Buffer; rest: string }>(
      `select credential, (to_jsonb(c) - 'credential')::text as rest from connections c where id = $1`,
      [id],
    );
    expect(after[0]?.rest).toBe(before[0]?.rest);
    const [old, now] = [before[0]?.credential ?? Buffer.of(), after[0]?.credential ?? Buffer.of()];
    expect([keyOf(old), keyOf(now)]).toEqual(['k-1', 'k-2']);
    expect(contentOf(now)).toBe(contentOf(old));
    await expect(replica.module.get(ConnectionsRepository).requireReadable()).resolves.toBeUndefined();
  });

  it('should never overwrite what was stored since it was read, nor wait for who holds a row', async () => {
    const [changed, held, free] = [
      await newConnection(replica),
      await newConnection(replica),
      await newConnection(replica),
    ];
    const rows = (await rowsOf('k-2')).filter(({ row }) => [changed.id, held.id, free.id].includes(row));
    const rewrapped = rows.map((row) => Object.assign(row, { rewrapped: Buffer.from(`for ${row.row}`) }));
    await replica.module
      .get(ConnectionService)
      .put(SYSTEM, changed, newInput({ credential: { api_secret: 'a', refresh_token: 'newer' } }));
    const stored = (await storedConnection(changed.id)).credential;
    const holder = new Client({ connectionString: process.env['DATABASE_URL'] });
    holder.on('error', () => undefined);
    await holder.connect();
    await holder.query('begin');
    await holder.query('select from connections where id = $1 for update', [held.id]);

    expect(await keys.replace(CREDENTIAL as (typeof SEALED_COLUMNS)[number], rewrapped)).toBe(1);
    await holder.query('rollback');
    await holder.end();
    expect((await storedConnection(changed.id)).credential.equals(stored)).toBe(true);
    expect(keyOf((await storedConnection(held.id)).credential)).toBe('k-2');
    await sql('delete from connections where id = any($1)', [[changed.id, held.id, free.id]]);
  });

  it('should be done by one replica at a time', async () => {
    const other = await startReplica();
    expect(await keys.claim('k-1')).toBe(true);
    expect(await other.module.get(KeysRepository).claim('k-1')).toBe(false);
    expect(await other.module.get(Rewrapper).pass('k-1')).toBe(false);
    await keys.endPass('k-1', 0);
    expect(await other.module.get(KeysRepository).claim('k-1')).toBe(true);
    await other.module.get(KeysRepository).endPass('k-1', 0);
    await other.stop();
  });

  it('should find what a frozen replica wrote late with a retired key, which opens meanwhile', async () => {
    const late = await newConnection(replica);
    const frozen = new Envelopes(new Keyring(keyFile));
    const place = { table: 'connections', row: late.id, column: 'credential', generation: 1 };
    const sealed = await frozen.seal('{"api_secret":"s","refresh_token":"late"}', place);
    await sql('update connections set credential = $2 where id = $1', [late.id, sealed]);
    expect((await replica.module.get(Envelopes).open(sealed, place)).toString()).toContain('late');
    await eventually(async () => {
      await advance();
      expect(keyOf((await storedConnection(late.id)).credential)).toBe('k-2');
    });
    await eventually(async () => {
      await advance();
      expect(await standingOf('k-1')).toMatchObject({ state: 'retired', values: 0 });
    });
    const events = await sql<{ action: string }>(
      `select action from audit_events where action in ('encryption_key.reopened', 'encryption_key.retired') order by at, seq`,
    );
    expect(events.map(({ action }) => action.slice(15))).toEqual(['retired', 'reopened', 'retired']);
  });

  it('should leave what does not open, count it, and keep its key', async () => {
    const damaged = await newConnection(replica);
    await sql(
      `update connections set credential = set_byte(credential, 60, get_byte(credential, 60) # 1) where id = $1`,
      [damaged.id],
    );
    await rotate('k-3');
    await advance();
    expect(await standingOf('k-2')).toMatchObject({ state: 'decrypt_only', values: 1, unreadable: 1 });
    expect((await replica.module.get(KeyRotationService).status()).rotation).toMatchObject({
      key: 'k-3',
      phase: 'rewrapping',
      left: 1,
      unreadable: 1,
    });
    expect(replica.lines.join('\n')).toContain('A sealed value does not open, so it keeps its old key.');
    await sql('delete from connections where id = $1', [damaged.id]);
    await advance();
    expect(await standingOf('k-2')).toMatchObject({ state: 'retired' });
  });
});

describe('the start of a replica', () => {
  const open = async (...entries: readonly EncryptionKeyEntry[]): Promise<unknown> => {
    const other = await startReplica(new Keyring({ ...keyFile, encryption: { keys: entries } }));
    const failure = await other.module
      .get(KeyOpening)
      .open()
      .catch((error: Error) => error.message);
    await other.stop();
    return failure;
  };
  const [k1, k2, k3] = keyFile.encryption.keys as [EncryptionKeyEntry, EncryptionKeyEntry, EncryptionKeyEntry];

  it('should follow the states that all replicas share, whatever its key file says', async () => {
    const other = await startReplica();
    await other.module.get(KeyOpening).open();
    expect(other.module.get(Keyring).primary.id).toBe('k-3');
    await other.stop();
  });

  it('should say which key is missing', async () => {
    expect(await open(k1, k2)).toContain('sealed with key "k-3", which the key file does not hold: add that key');
  });

  it('should say which key is another one', async () => {
    expect(await open(k1, k2, entry('k-3', 'pending'))).toContain('does not open with key k-3');
  });

  it('should not need keys that are retired', async () => {
    expect(await open({ ...k3, state: 'primary' })).toBeUndefined();
  });
});
