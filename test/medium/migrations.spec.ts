import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
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
const ONLY_IN_MIGRATIONS = ['attempts_one_open_idx', 'attempts_sent_idx', 'attempts_unrecorded_idx'];

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
      from information_schema.columns where table_schema = 'public' and table_name <> '_prisma_migrations' order by 1`),
    indexes: await read(`select indexdef as line from pg_indexes where schemaname = 'public'
      and tablename <> '_prisma_migrations' and indexname <> all('{${ONLY_IN_MIGRATIONS.join(',')}}') order by 1`),
    keys: await read(`select pg_get_constraintdef(oid) as line from pg_constraint
      where connamespace = 'public'::regnamespace and contype in ('f', 'p', 'u')
      and conrelid::regclass::text <> '_prisma_migrations' order by 1`),
  };
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
      expect(applied.flat()).toEqual(['20261121000000_init', '20261121120000_refresh_protocol']);
      await expect(migrate(url)).resolves.toEqual([]);
    });
  });

  it('should say what to do where the database is not there', async () => {
    await expect(migrate('postgresql://nobody:x@127.0.0.1:1/none')).rejects.toMatchObject({
      code: 'storage_unavailable',
      message: expect.stringContaining('DATABASE_URL'),
    });
  });
});
