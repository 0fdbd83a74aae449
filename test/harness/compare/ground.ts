import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate, startEmbeddedPostgres } from '@app/database';
import { SCHEMA } from '../strategies/accounts.js';
import { startUpstream } from '../upstream/index.js';
import type { Ground } from './cell.js';
import { CLAVIGER_TEMPLATE } from './claviger.contender.js';
import type { Party } from './contender.js';
import { STRATEGY_TEMPLATE } from './strategy.contender.js';

const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };

/** A Postgres with both templates, and a provider; `leave` ends both, and every process that still plays. */
export async function prepareGround(): Promise<Ground & { leave(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'claviger-compare-'));
  const postgres = await startEmbeddedPostgres({ directory, settings: SETTINGS });
  const template = (name: string): string => Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href;
  await execute(postgres.url, `create database ${STRATEGY_TEMPLATE}`);
  await execute(postgres.url, `create database ${CLAVIGER_TEMPLATE}`);
  await execute(template(STRATEGY_TEMPLATE), SCHEMA);
  await migrate(template(CLAVIGER_TEMPLATE));
  const upstream = await startUpstream();
  const playing = new Set<Party>();
  return {
    upstream,
    server: postgres.url,
    playing,
    leave: async () => {
      await Promise.all([...playing].map((party) => party.leave()));
      await upstream.stop();
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function execute(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
