import { TestEnvironment } from 'jest-environment-node';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';

/** Made once a run by `start-postgres.js`; cloning it takes milliseconds. */
const TEMPLATE = 'claviger_template';

async function execute(statement) {
  const client = new Client({ connectionString: process.env.TEST_POSTGRES_URL });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/**
 * A fresh, migrated database for each test file, as DATABASE_URL, and an empty folder, as TEST_FOLDER. Both go here and not in an
 * `afterAll`: jest runs those in the order of their definition, so they would go before the file's own brokers have stopped.
 */
export default class DatabaseEnvironment extends TestEnvironment {
  #folder;
  #name = `claviger_test_${randomBytes(6).toString('hex')}`;

  async setup() {
    await super.setup();
    this.#folder = await mkdtemp(join(tmpdir(), 'claviger-test-file-'));
    await execute(`create database ${this.#name} template ${TEMPLATE}`);
    const url = Object.assign(new URL(process.env.TEST_POSTGRES_URL), { pathname: `/${this.#name}` });
    Object.assign(this.global.process.env, { DATABASE_URL: url.href, TEST_FOLDER: this.#folder });
  }

  async teardown() {
    await execute(`drop database if exists ${this.#name} with (force)`);
    await rm(this.#folder, { recursive: true, force: true });
    await super.teardown();
  }
}
