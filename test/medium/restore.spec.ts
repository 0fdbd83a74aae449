import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { AuditLog } from '@app/audit';
import { createLog, Secret } from '@app/common';
import {
  AttemptsRepository,
  ConnectionService,
  type DatabaseIdentity,
  ProviderService,
  RestoreGuard,
  RestoreRepository,
  Spool,
} from '@app/connections';
import { Envelopes } from '@app/crypto';
import { Database } from '@app/database';
import { ProviderRegistry } from '@app/providers';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { decidedNow, newAttempt, storedConnection } from '../support/connections.js';
import { libraryConfig, testFolder } from '../support/library.js';
import { sql } from '../support/test-database.js';
import { startTokenReplica, SYSTEM, type TokenReplica } from '../support/token-replica.js';

/** One replica's guard, with a spool folder and a log of its own. */
interface Guarded {
  readonly sut: RestoreGuard;
  readonly spool: Spool;
  readonly lines: readonly string[];
}

const SETTINGS = { token_url: 'https://auth.example/token', client_id: 'client' };

const becomeOther = (): Promise<object[]> => sql(`update database_identity set system_identifier = '1'`);

const recorded = (): Promise<{ reason: string }[]> =>
  sql(`select reason from audit_lines where action = 'database.restored'`);

const stateOf = async (id: string): Promise<string> => {
  const [row] = await sql<{ state: string; reason: string | null }>(
    'select state, state_reason as reason from connections where id = $1',
    [id],
  );
  return `${row?.state} ${row?.reason ?? '-'}`;
};

jest.setTimeout(30_000);

describe(RestoreGuard.name, () => {
  let replica: TokenReplica;
  let actual: DatabaseIdentity;

  beforeAll(async () => {
    replica = await startTokenReplica();
    ({ actual } = await replica.module.get(RestoreRepository).look());
    for (const rotation of ['strict', 'grace', 'static']) {
      const settings = { ...SETTINGS, rotation, ...(rotation === 'grace' ? { grace_seconds: 60 } : {}) };
      const input = { type: 'oauth2', settings, secrets: { client_secret: 'secret' } };
      await replica.module.get(ProviderService).put(SYSTEM, rotation, input);
    }
  });

  afterAll(() => replica.stop());

  beforeEach(async () => {
    await sql('delete from connections');
    await sql('delete from audit_events');
    await sql('update database_identity set system_identifier = $1, timeline = $2', [
      actual.systemIdentifier,
      actual.timeline,
    ]);
  });

  async function newGuard(ago = 0): Promise<Guarded> {
    const lines: string[] = [];
    const log = createLog('debug', { write: (line: string) => void lines.push(line) });
    const { module } = replica;
    const spoolDir = await mkdtemp(join(testFolder, 'spool-'));
    const spool = new Spool(
      { ...libraryConfig, spoolDir },
      module.get(Envelopes),
      { now: () => Date.now() - ago },
      log,
    );
    await spool.open();
    const [restores, registry] = [module.get(RestoreRepository), module.get(ProviderRegistry)];
    return { sut: new RestoreGuard(restores, spool, registry, module.get(AuditLog), log), spool, lines };
  }
  async function connect(provider: string, settings: Record<string, unknown> = {}, state = 'active'): Promise<string> {
    const name = { provider, connection: `c-${Math.random().toString(36).slice(2)}` };
    const input = { settings, credential: { refresh_token: 'r1' } };
    await replica.module.get(ConnectionService).put(SYSTEM, name, input);
    const [row] = await sql<{ id: string }>(
      'update connections set state = $3 where provider = $1 and name = $2 returning id',
      [provider, name.connection, state],
    );
    return row!.id;
  }
  const openOneShot = async (connectionId: string): Promise<boolean> => {
    const request = await decidedNow(newAttempt(connectionId, { oneShot: true, irretrievable: true }));
    return (await replica.module.get(AttemptsRepository).open(request)) !== undefined;
  };

  it('should leave a database alone that is the one it was, and follow its epoch', async () => {
    const id = await connect('strict');
    const { sut, spool } = await newGuard();
    expect(await openOneShot(id)).toBe(true);
    await sut.check();
    expect(await stateOf(id)).toBe('active -');
    const { epoch } = await replica.module.get(RestoreRepository).look();
    expect(epoch).toBeGreaterThan(0);
    expect(spool.knownEpochs().of(actual)).toBe(epoch);
  });

  it('should quarantine what can be sent only once, and nothing else', async () => {
    const ids = {
      strict: await connect('strict'),
      grace: await connect('grace'),
      static: await connect('static'),
      ownStrict: await connect('static', { rotation: 'strict' }),
      ownStatic: await connect('strict', { rotation: 'static' }),
      uncertain: await connect('strict', {}, 'uncertain'),
      misconfigured: await connect('strict', {}, 'misconfigured'),
      paused: await connect('strict', {}, 'paused'),
      refused: await connect('strict', {}, 'reauthorization_required'),
    };
    await becomeOther();
    await (await newGuard()).sut.check();
    const states = Object.entries(ids).map(async ([name, id]) => [name, await stateOf(id)]);
    expect(Object.fromEntries(await Promise.all(states))).toEqual({
      strict: 'uncertain database_restored',
      grace: 'uncertain database_restored',
      static: 'active -',
      ownStrict: 'uncertain database_restored',
      ownStatic: 'active -',
      uncertain: 'uncertain database_restored',
      misconfigured: 'uncertain database_restored',
      paused: 'paused database_restored',
      refused: 'reauthorization_required -',
    });
  });

  it('should send nothing from the moment on that the database differs', async () => {
    const id = await connect('strict');
    await becomeOther();
    expect(await openOneShot(id)).toBe(false);
  });

  it('should record it and tell what to run, once, however many replicas find out', async () => {
    await connect('strict');
    await becomeOther();
    const guards = await Promise.all([newGuard(), newGuard(), newGuard()]);
    await Promise.all(guards.map(({ sut }) => sut.check()));
    expect(await recorded()).toEqual([{ reason: 'other_cluster quarantined=1' }]);
    const told = guards.flatMap(({ lines }) => lines.filter((line) => line.includes('claviger reconcile')));
    expect(told).toHaveLength(1);
  });

  it('should find out by its epochs where the same cluster holds an older state', async () => {
    const id = await connect('strict');
    const { sut, spool } = await newGuard();
    const { epoch } = await replica.module.get(RestoreRepository).look();
    await spool.follow({ database: actual, epoch: epoch + 3 });
    await sut.check();
    expect(await stateOf(id)).toBe('uncertain database_restored');
    expect(await recorded()).toEqual([{ reason: 'older_epoch quarantined=1' }]);
    const { held, epoch: after } = await replica.module.get(RestoreRepository).look();
    expect(held).toEqual(actual);
    expect(after).toBeGreaterThan(epoch + 3);
    await sql(`update connections set state = 'active', state_reason = null`);
    await sut.check();
    await (await newGuard()).sut.check();
    expect(await stateOf(id)).toBe('active -');
  });

  it('should find out by a credential that was used where a snapshot skipped some epochs ahead', async () => {
    const [id, other] = [await connect('strict'), await connect('strict')];
    const { sut, spool } = await newGuard();
    const attempt = { id: randomUUID(), connectionId: id, generation: 1, step: 'refresh', epoch: 1 } as const;
    const answer = { status: 200, contentType: '', retryAfter: undefined, body: '' };
    await spool.prepare(attempt);
    await sut.check();
    expect(await stateOf(id)).toBe('active -');
    await spool.keep(attempt, answer);
    await spool.adopted(attempt);
    await sut.check();
    expect([await stateOf(id), await stateOf(other)]).toEqual(Array(2).fill('uncertain database_restored'));
    expect(await recorded()).toEqual([{ reason: 'older_generation quarantined=2' }]);
    await sql(`update connections set state = 'active', state_reason = null where id = $1`, [other]);
    await sut.check();
    expect(await stateOf(other)).toBe('active -');
  });

  it('should trust a credential that was stored after what a spool knows', async () => {
    const id = await connect('strict');
    const { sut, spool } = await newGuard(3600_000);
    await spool.prepare({ id: randomUUID(), connectionId: id, generation: 9, step: 'refresh', epoch: 1 });
    await sut.check();
    expect(await stateOf(id)).toBe('active -');
  });

  it('should not let a replica that is late undo what was reconciled', async () => {
    const id = await connect('strict');
    await becomeOther();
    await (await newGuard()).sut.check();
    await sql(`update connections set state = 'active', state_reason = null`);
    await expect(replica.module.get(RestoreRepository).quarantine([id])).resolves.toBe(0);
    expect(await stateOf(id)).toBe('active -');
  });

  it('should go on with a quarantine that a killed replica began', async () => {
    const [one, other] = [await connect('strict'), await connect('strict')];
    const restores = replica.module.get(RestoreRepository);
    await restores.distrust(1_000_000, 1);
    await restores.quarantine([one]);
    expect(await openOneShot(other)).toBe(false);
    await (await newGuard()).sut.check();
    expect(await stateOf(other)).toBe('uncertain database_restored');
    expect(await recorded()).toEqual([{ reason: 'older_epoch quarantined=2' }]);
  });

  it('should quarantine at a tick, and not hold the others up', async () => {
    const id = await connect('strict');
    const { sut } = await newGuard();
    await sut.check();
    await becomeOther();
    await sut.onTick();
    await sut.check();
    expect(await stateOf(id)).toBe('uncertain database_restored');
  });

  it('should quarantine thousands in parts', async () => {
    const id = await connect('strict');
    await sql(
      `insert into connections (id, provider, name, credential, credential_fields)
       select gen_random_uuid(), provider, 'n-' || n, credential, credential_fields
       from connections, generate_series(1, 12000) n where id = $1`,
      [id],
    );
    await becomeOther();
    const { sut, lines } = await newGuard();
    await sut.check();
    const [row] = await sql<{ count: number }>(
      `select count(*)::int as count from connections where state = 'uncertain' and state_reason = 'database_restored'`,
    );
    expect(row?.count).toBe(12_001);
    expect(lines.filter((line) => line.includes('are being quarantined'))).toHaveLength(2);
  });

  it('should be able to look and to act as a user who does not own the tables', async () => {
    const role = `restore_app_${Math.random().toString(36).slice(2)}`;
    await sql(`create role ${role} login password 'secret'`);
    await sql(`grant select, insert, update on database_identity to ${role}`);
    await sql(`grant usage, select, update on sequence rotation_epoch to ${role}`);
    const url = Object.assign(new URL(process.env['DATABASE_URL'] ?? ''), { username: role, password: 'secret' });
    const database = new Database({ ...libraryConfig, databaseUrl: new Secret(url.href) });
    try {
      const restores = new RestoreRepository(database);
      const { epoch } = await restores.look();
      await restores.distrust(epoch + 1, 1);
      await expect(restores.look()).resolves.toMatchObject({ epoch: epoch + 2, held: { systemIdentifier: '' } });
    } finally {
      await database.close();
      await sql(`drop owned by ${role}`);
      await sql(`drop role ${role}`);
    }
  });

  it('should not lose what a paused connection held', async () => {
    const id = await connect('strict', {}, 'paused');
    await becomeOther();
    await (await newGuard()).sut.check();
    expect(await storedConnection(id)).toMatchObject({ generation: 1, state: 'paused' });
  });
});
