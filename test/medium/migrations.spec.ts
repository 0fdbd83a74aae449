import { describe, expect, it } from '@jest/globals';
import { inPackage } from '@app/common';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Client } from 'pg';
import { fromBuild } from '../support/build.js';

// The engine is a WebAssembly module in a worker: it is tested as users run it.
const { migrate } =
  await fromBuild<typeof import('../../libs/database/src/migrate.js')>('libs/database/src/migrate.js');
const { openSchemaEngine } = await fromBuild<typeof import('../../libs/database/src/schema-engine.js')>(
  'libs/database/src/schema-engine.js',
);

const adminUrl = process.env['TEST_POSTGRES_URL'] ?? '';

/** What the migrations hold on purpose beyond schema.prisma. */
const ONLY_IN_MIGRATIONS = [
  'attempts_one_open_idx',
  'attempts_sent_idx',
  'attempts_unrecorded_idx',
  'caller_identities_patterns_idx',
  'connections_credential_key_idx',
  'connections_due_idx',
  'connections_token_key_idx',
  'encryption_keys_one_primary_idx',
  'encryption_keys_one_wanted_idx',
  'providers_secrets_key_idx',
  'spares_credential_key_idx',
  'spares_token_key_idx',
];

/** The tables of the audit log are described by migrations only. */
const inSchema = (table: string): string => `${table} <> '_prisma_migrations' and ${table} not like 'audit\\_%'`;

async function withDatabase<Result>(work: (client: Client, url: string) => Promise<Result>): Promise<Result> {
  const name = `claviger_migrations_${randomBytes(4).toString('hex')}`;
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const url = Object.assign(new URL(adminUrl), { pathname: `/${name}` }).href;
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client, url);
  } finally {
    await client.end();
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
  }
}

async function shapeOf(client: Client): Promise<{ columns: string[]; indexes: string[]; keys: string[] }> {
  const read = async (text: string): Promise<string[]> => {
    const { rows } = await client.query<{ line: string }>(text);
    return rows.map(({ line }) => line);
  };
  return {
    columns: await read(`select concat_ws(' ', table_name, column_name, udt_name, is_nullable, column_default) as line
      from information_schema.columns where table_schema = 'public' and ${inSchema('table_name')} order by 1`),
    indexes: await read(`select indexdef as line from pg_indexes where schemaname = 'public'
      and ${inSchema('tablename')} and indexname <> all('{${ONLY_IN_MIGRATIONS.join(',')}}') order by 1`),
    keys: await read(`select pg_get_constraintdef(oid) as line from pg_constraint
      where connamespace = 'public'::regnamespace and contype in ('f', 'p', 'u')
      and ${inSchema('conrelid::regclass::text')} order by 1`),
  };
}

const scriptOf = (name: string): string =>
  readFileSync(inPackage('prisma', 'migrations', name, 'migration.sql'), 'utf8');

/** The names of all migrations, in their order. */
const written = (): readonly string[] =>
  readdirSync(inPackage('prisma', 'migrations'))
    .filter((name) => /^\d/.test(name))
    .toSorted();

/** Brings an empty database to the schema that stood before a migration. */
async function before(migration: string, client: Client): Promise<void> {
  for (const name of written().filter((each) => each < migration)) {
    await client.query(scriptOf(name));
  }
}

describe('migrations', () => {
  it('should agree with schema.prisma', async () => {
    const migrated = await withDatabase(async (client, url) => {
      await migrate(url);
      return shapeOf(client);
    });
    const described = await withDatabase(async (client, url) => {
      const engine = await openSchemaEngine(url);
      await client.query(await engine.scriptOfSchema());
      return shapeOf(client);
    });
    expect(migrated).toEqual(described);
    expect(migrated.columns.length).toBeGreaterThan(50);
  });

  it('should apply once where several replicas start together', async () => {
    await withDatabase(async (_client, url) => {
      const applied = await Promise.all([migrate(url), migrate(url), migrate(url)]);
      expect(applied.flat()).toEqual(written());
      await expect(migrate(url)).resolves.toEqual([]);
    });
  });

  it('should chain the rows of a log that knew no chain', async () => {
    await withDatabase(async (client) => {
      await before('20261129090000_audit_trust', client);
      await client.query(`
        insert into audit_streams (id, replica) select n, gen_random_uuid() from generate_series(1, 3) as n;
        insert into audit_events (stream, seq, at, action, outcome, actor, reason, fields)
        select 1 + n % 2, 1 + n / 2, '2026-11-20T23:59:50Z'::timestamptz + n * interval '1 second', 'caller.updated', 'ok',
          'system', 'ü "quoted"', array['rules'] from generate_series(0, 19) as n`);
      await client.query(scriptOf('20261129090000_audit_trust'));
      const { rows: streams } = await client.query(`
        select id::int, head_seq::int as rows, head_hash = (select hash from audit_events e where e.stream = s.id and seq = head_seq)
          as headed, closed_at is not null as closed from audit_streams s order by id`);
      expect(streams).toEqual([
        { id: 1, rows: 10, headed: true, closed: true },
        { id: 2, rows: 10, headed: true, closed: true },
        { id: 3, rows: 0, headed: null, closed: true },
      ]);
      const { rows: events } = await client.query(`
        select count(*)::int as count, bool_and(reason = 'ü "quoted"' and fields = '["rules"]' and actor = 'system') as kept
        from audit_lines`);
      expect(events).toEqual([{ count: 20, kept: true }]);
    });
  });

  it('should say what to do where the database is not there', async () => {
    await expect(migrate('postgresql://nobody:x@127.0.0.1:1/none')).rejects.toMatchObject({
      code: 'storage_unavailable',
      message: expect.stringContaining('DATABASE_URL'),
    });
  });
});
