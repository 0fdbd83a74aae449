import { chown, cp, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '@app/database';
import { until } from '../brokers/until.js';
import { Address } from './address.js';
import { type OwnPostgres, SETTINGS } from './own-postgres.js';

async function query<Row extends object>(url: string, text: string): Promise<readonly Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

/** A streaming standby of a Postgres. */
export class Standby {
  private constructor(
    private readonly server: { readonly url: string; stop(): Promise<void> },
    /** Between the two servers. */
    private readonly link: Address,
    private readonly primary: OwnPostgres,
  ) {}

  /** Copies the running primary into this folder and has it follow. Resolves when it streams. */
  static async start(primary: OwnPostgres, directory: string): Promise<Standby> {
    const link = await Address.open();
    link.leadTo(primary.serverUrl);
    await copyOf(primary, directory, link);
    const standby = new Standby(await startEmbeddedPostgres({ directory, settings: SETTINGS }), link, primary);
    await until('the standby streams', () => standby.#streams());
    return standby;
  }

  /** Resolves when it has all that the primary has written so far. */
  async untilCaughtUp(): Promise<void> {
    const [written] = await query<{ lsn: string }>(this.primary.url, 'select pg_current_wal_flush_lsn()::text as lsn');
    await until('the standby has caught up', async () => {
      const text = `select pg_last_wal_replay_lsn() >= '${written?.lsn}'::pg_lsn as there`;
      return (await query<{ there: boolean }>(this.server.url, text))[0]?.there;
    });
  }

  /** The network between the two breaks: from now on it lags. */
  partition = (): Promise<void> => this.link.close();

  /** The primary is gone for good, and this one takes its place, and its address. */
  async takeOver(): Promise<void> {
    await this.primary.stop();
    await query(this.server.url, 'select pg_promote(true, 30)');
    await until('it takes writes', async () => {
      const [row] = await query<{ writable: boolean }>(this.server.url, 'select not pg_is_in_recovery() as writable');
      return row?.writable;
    });
    this.primary.replaceBy(this.server);
  }

  async #streams(): Promise<boolean> {
    const rows = await query(this.server.url, `select from pg_stat_wal_receiver where status = 'streaming'`);
    return rows.length > 0;
  }
}

/** A base backup: the files of the running server, and the label that says from where on its log is to be replayed. */
async function copyOf({ serverUrl, directory: from }: OwnPostgres, directory: string, link: Address): Promise<void> {
  const [source, data] = [join(from, 'postgres'), join(directory, 'postgres')];
  await mkdir(directory, { mode: 0o711, recursive: true });
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(`select pg_backup_start('standby', true)`);
    await cp(source, data, { recursive: true, preserveTimestamps: true, filter: isCopied });
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)');
    await writeFile(join(data, 'backup_label'), rows[0]?.labelfile ?? '');
  } finally {
    await client.end();
  }
  const { username, password, hostname, port } = new URL(link.inFrontOf(serverUrl));
  const follow = `primary_conninfo = 'host=${hostname} port=${port} user=${username} password=${password}'\n`;
  await writeFile(join(data, 'postgresql.auto.conf'), follow);
  await writeFile(join(data, 'standby.signal'), '');
  await ownLike(source, data);
}

/** What belongs to the running server alone, or comes and goes while it is copied. */
const NOT_COPIED: ReadonlySet<string> = new Set([
  'postmaster.pid',
  'postmaster.opts',
  'server.log',
  'pg_stat_tmp',
  'pgsql_tmp',
]);
const isCopied = (path: string): boolean => !NOT_COPIED.has(basename(path));

/** Postgres starts only in a folder of the account that it runs as. */
async function ownLike(source: string, data: string): Promise<void> {
  const { uid, gid } = await stat(source);
  const names = await readdir(data, { recursive: true });
  await Promise.all([data, ...names.map((name) => join(data, name))].map((path) => chown(path, uid, gid)));
}
