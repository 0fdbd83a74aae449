import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, startEmbeddedPostgres } from '../../dist/libs/database/src/index.js';

/** A crash of the machine may cost the test database, so it need not wait for the disk. */
const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };

/** For test/support/previous-version/record.js: what is asked of it is written to this folder, without parameters. */
const RECORD = process.env.RECORD_STATEMENTS;
const RECORDING = {
  logging_collector: 'on',
  log_destination: 'jsonlog',
  log_directory: RECORD,
  log_statement: 'all',
  log_parameter_max_length: '0',
};

/** Once a run: the product's own embedded Postgres in a folder of its own, and the template that each test file clones. */
export default async function startPostgres() {
  if (globalThis.clavigerPostgres !== undefined) {
    return;
  }
  const settings = RECORD === undefined ? SETTINGS : { ...SETTINGS, ...RECORDING };
  const directory = await mkdtemp(join(tmpdir(), 'claviger-test-'));
  const postgres = await startEmbeddedPostgres({ directory, settings });
  globalThis.clavigerPostgres = { ...postgres, directory };
  process.env.TEST_POSTGRES_URL = postgres.url;
  const template = Object.assign(new URL(postgres.url), { pathname: '/claviger_template' }).href;
  const { Client } = await import('pg');
  const admin = new Client({ connectionString: postgres.url });
  await admin.connect();
  await admin.query('create database claviger_template');
  await admin.end();
  await migrate(template);
}
