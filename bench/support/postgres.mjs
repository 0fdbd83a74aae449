// An embedded Postgres for one benchmark, with its own defaults: every commit reaches the disk.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { migrate, startEmbeddedPostgres } from '../../dist/libs/database/src/index.js';

/** Runs `work({ url, directory, version })` with a migrated database that is gone afterwards. */
export async function withPostgres(work) {
  const directory = await mkdtemp(join(tmpdir(), 'claviger-bench-'));
  const postgres = await startEmbeddedPostgres({ directory });
  try {
    await migrate(postgres.url);
    const [{ version }] = await query(postgres.url, `select current_setting('server_version') as version`);
    return await work({ url: postgres.url, directory, version });
  } finally {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Rows of one statement, over a connection of its own. */
export async function query(url, text, values = []) {
  const pool = new Pool({ connectionString: url, max: 1 });
  try {
    return (await pool.query(text, values)).rows;
  } finally {
    await pool.end();
  }
}
