import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** The database that the migrations ran in once; each test file clones it in milliseconds. */
export const TEMPLATE = 'claviger_template';

const adminUrl = (): string => {
  const url = process.env['TEST_POSTGRES_URL'];
  if (url === undefined) {
    throw new Error('TEST_POSTGRES_URL is not set: run the tests with `npm test`, which starts Postgres.');
  }
  return url;
};

const urlOf = (database: string): string => Object.assign(new URL(adminUrl()), { pathname: `/${database}` }).href;

async function execute(statement: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl() });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** A fresh, migrated database, and how to be rid of it. */
export async function cloneTemplate(): Promise<{ readonly url: string; readonly drop: () => Promise<void> }> {
  const name = `claviger_test_${randomBytes(6).toString('hex')}`;
  await execute(`create database ${name} template ${TEMPLATE}`);
  return { url: urlOf(name), drop: () => execute(`drop database if exists ${name} with (force)`) };
}
