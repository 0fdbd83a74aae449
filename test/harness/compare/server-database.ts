import { Client } from 'pg';

/** A database of the harness's server, and what can be done to it. */
export interface ServerDatabase {
  readonly url: string;
  /** Runs statements in it, over a session of their own. */
  run(text: string, values?: readonly unknown[]): Promise<void>;
  rows<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Opens a transaction with this statement in it; what comes back ends it. */
  lock(text: string): Promise<() => Promise<void>>;
  /** Ends every session of it. */
  cut(): Promise<void>;
  /** Ends every session of it and lets nobody in, as a server that is down. */
  close(): Promise<void>;
  open(): Promise<void>;
  drop(): Promise<void>;
}

async function query<Row extends object>(url: string, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

async function lock(url: string, text: string): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('begin');
  await client.query(text);
  return async () => {
    await client.query('rollback');
    await client.end();
  };
}

/** Clones a database from a template. */
export async function createDatabase(server: string, name: string, template: string): Promise<ServerDatabase> {
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  const cut = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`;
  await query(server, `create database ${name} template ${template}`);
  return {
    url,
    run: async (text, values) => void (await query(url, text, values)),
    rows: (text, values) => query(url, text, values),
    lock: (text) => lock(url, text),
    cut: async () => void (await query(server, cut)),
    close: async () => {
      await query(server, `alter database ${name} allow_connections false`);
      await query(server, cut);
    },
    open: async () => void (await query(server, `alter database ${name} allow_connections true`)),
    drop: async () => void (await query(server, `drop database if exists ${name} with (force)`)),
  };
}
