import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, startEmbeddedPostgres } from '@app/database';
import { findBinaries } from '../../../libs/database/src/embedded/binaries.js';
import { serverUser } from '../../../libs/database/src/embedded/server-user.js';
import { Client } from 'pg';

/** What is committed survives the end of the server, if not that of the machine: no restart costs a row. */
const SETTINGS = { fsync: 'off', full_page_writes: 'off', max_connections: '200' };
const NAME = 'soak';

/** `fast` ends every session and writes everything down; `immediate` is a crash. */
export type RestartMode = 'fast' | 'immediate';

/** A Postgres that can be restarted under its users. */
export interface SoakPostgres {
  /** Of the brokers' database. */
  readonly url: string;
  /** When it took connections again last; epoch ms. */
  readonly startedAt: number;
  /** Resolves when it takes connections again, at the same address. */
  restart(mode: RestartMode): Promise<void>;
  end(): Promise<void>;
}

/** Starts the product's own embedded Postgres in a folder of its own, with a migrated database. */
export async function startPostgres(): Promise<SoakPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'claviger-soak-'));
  const postgres = await startEmbeddedPostgres({ directory, settings: SETTINGS });
  const url = Object.assign(new URL(postgres.url), { pathname: `/${NAME}` }).href;
  const end = async (): Promise<void> => {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await createDatabase(postgres.url);
    await migrate(url);
  } catch (error) {
    await end();
    throw error;
  }
  const restart = await restarter(join(directory, 'postgres'));
  let startedAt = Date.now();
  return {
    url,
    end,
    get startedAt() {
      return startedAt;
    },
    restart: async (mode) => {
      await restart(mode);
      startedAt = Date.now();
    },
  };
}

async function createDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`create database ${NAME}`).finally(() => client.end());
}

async function restarter(data: string): Promise<SoakPostgres['restart']> {
  const binaries = await findBinaries();
  const user = await serverUser(binaries.postgres);
  const log = join(data, 'server.log');
  return async (mode) => {
    await user.run(binaries.pg_ctl, ['restart', '-D', data, '-m', mode, '-w', '-t', '30', '-s', '-l', log]);
  };
}
