import { Client } from 'pg';

interface Dump {
  /** Rows of each table, as JSON text. */
  readonly tables: Readonly<Record<string, string>>;
  readonly sequences: readonly { readonly name: string; readonly value: string }[];
}

/** Partitions are read and written through their tables. */
const TABLES = `
select relname as name from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and relname <> '_prisma_migrations'`;

/** The dump's days of the audit log, which pg_restore would bring along. */
const PARTITIONS = `
select audit_make_partitions(min(day), max(day))
from (select (at at time zone 'UTC')::date as day from json_populate_recordset(null::audit_events, $1)) as days
having count(*) > 0`;

/** Rows and sequences of a database, for another cluster: what `pg_dump` and `pg_restore` do, which npm does not bring. */
export async function takeDump(url: string): Promise<Dump> {
  return connected(url, async (client) => {
    await client.query('begin isolation level repeatable read read only');
    const tables: Record<string, string> = {};
    for (const { name } of (await client.query<{ name: string }>(TABLES)).rows) {
      const text = `select coalesce(json_agg(t), '[]')::text as rows from ${name} t`;
      tables[name] = (await client.query<{ rows: string }>(text)).rows[0]?.rows ?? '[]';
    }
    const { rows: sequences } = await client.query<{ name: string; value: string }>(
      `select sequencename as name, last_value::text as value from pg_sequences
       where schemaname = 'public' and last_value is not null`,
    );
    return { tables, sequences };
  });
}

/** Puts a dump in the place of everything in a migrated database. */
export async function restoreDump(url: string, { tables, sequences }: Dump): Promise<void> {
  await connected(url, async (client) => {
    // As pg_restore does: what guards the rows in daily life is not asked.
    await client.query('set session_replication_role = replica');
    await client.query(`truncate ${Object.keys(tables).join(', ')}`);
    await client.query(PARTITIONS, [tables['audit_events'] ?? '[]']);
    for (const [name, rows] of Object.entries(tables)) {
      const text = `insert into ${name} overriding system value select * from json_populate_recordset(null::${name}, $1)`;
      await client.query(text, [rows]);
    }
    for (const { name, value } of sequences) {
      await client.query('select setval($1::regclass, $2)', [name, value]);
    }
  });
}

async function connected<Result>(url: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
