import { Client } from 'pg';

/** Runs one statement on the test file's own database, as its superuser and past the broker. */
export async function sql<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: process.env['DATABASE_URL'] });
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** From now on no row enters the audit log. Returns what mends it. */
export async function breakAudit(): Promise<() => Promise<void>> {
  await sql(`create or replace function refuse_audit() returns trigger language plpgsql as
    $$ begin raise exception 'the audit log is broken for a test'; end $$`);
  await sql('create trigger refuse_audit before insert on audit_events execute function refuse_audit()');
  return async () => void (await sql('drop trigger if exists refuse_audit on audit_events'));
}

/**
 * Everything that a dump of the database would show: every row of every table of every schema of ours as text, bytes once more
 * as latin1 and as UTF-8, and what the catalogue says of tables, comments and defaults.
 */
export async function dumpDatabase(): Promise<string> {
  const tables = await sql<{ name: string }>(`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema') order by 1`);
  const parts = await Promise.all(tables.map(({ name }) => dumpTable(name)));
  return parts.join('\n');
}

async function dumpTable(name: string): Promise<string> {
  const rows = await sql<Record<string, unknown>>(`select t.*, t::text as whole_row from ${name} as t`);
  return [`-- ${name}: ${rows.length} rows`, ...rows.map((row) => Object.entries(row).map(textOf).join('\t'))].join(
    '\n',
  );
}

function textOf([column, value]: readonly [string, unknown]): string {
  if (Buffer.isBuffer(value)) {
    return `${column}=${value.toString('latin1')}\t${value.toString('utf8')}\t${value.toString('base64')}`;
  }
  return `${column}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
}
