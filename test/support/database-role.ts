import { grantsFor } from '@app/database';
import { Client } from 'pg';
import { sql } from './test-database.js';

/** A database role that can log in, with the rights that a script gives it. */
export interface DatabaseRole {
  readonly name: string;
  /** The test file's database, as this role. */
  readonly url: string;
  /** Runs one statement as this role. */
  run<Row extends object>(text: string): Promise<Row[]>;
  drop(): Promise<void>;
}

/** Makes one; its rights are those of a broker unless other statements are given. */
export async function makeRole(rights: (name: string) => string = grantsFor): Promise<DatabaseRole> {
  const name = `app "${Math.random().toString(36).slice(2)}"`;
  const quoted = `"${name.replaceAll('"', '""')}"`;
  await sql(`create role ${quoted} login password 'secret'`);
  await sql(rights(name));
  const url = Object.assign(new URL(process.env['DATABASE_URL'] ?? ''), { username: name, password: 'secret' }).href;
  const client = new Client({ connectionString: url });
  await client.connect();
  return {
    name,
    url,
    run: async <Row extends object>(text: string) => (await client.query<Row>(text)).rows,
    drop: async () => {
      await client.end();
      await sql(`drop owned by ${quoted}`);
      await sql(`drop role ${quoted}`);
    },
  };
}
