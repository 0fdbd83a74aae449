import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { BrokerError, childEnvironment, inPackage } from '@app/common';
import { Client } from 'pg';

/** Advisory lock under which one replica migrates while the others wait. */
const MIGRATION_LOCK = 7_201_602;

/** One folder of prisma/migrations. */
export interface Migration {
  readonly name: string;
  readonly script: string;
  /** SHA-256 of the script, as Prisma's `_prisma_migrations` table holds it. */
  readonly checksum: string;
}

/** The migrations of this version, oldest first. */
export function readMigrations(directory = inPackage('prisma', 'migrations')): Migration[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const script = readFileSync(join(directory, name, 'migration.sql'), 'utf8');
      return { name, script, checksum: createHash('sha256').update(script).digest('hex') };
    })
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

/**
 * Brings the database to this version's schema and returns the names of the migrations that it applied. Replicas that start
 * together take turns. A database that is up to date costs one query; otherwise Prisma's own engine applies what is missing.
 * @throws BrokerError `storage_unavailable` where the database is not reachable or a migration fails.
 */
export async function migrate(url: string): Promise<readonly string[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const missing = await missingMigrations(client);
    return missing.length === 0 ? [] : await applyInWorker(url);
  } catch (cause) {
    throw new BrokerError(
      'storage_unavailable',
      'The database cannot be migrated. Check that DATABASE_URL is right and reachable and that its user may create tables, or have its ' +
        'owner run "claviger database migrate" first; nothing is half applied, so starting again is safe.',
      { cause },
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Migrations of this version that the database does not hold, by name and checksum. */
export async function missingMigrations(client: Pick<Client, 'query'>): Promise<readonly Migration[]> {
  const { rows } = await client.query<{ present: boolean }>(
    "select to_regclass('_prisma_migrations') is not null as present",
  );
  const applied = rows[0]?.present === true ? await appliedChecksums(client) : new Map<string, string>();
  return readMigrations().filter(({ name, checksum }) => applied.get(name) !== checksum);
}

async function appliedChecksums(client: Pick<Client, 'query'>): Promise<Map<string, string>> {
  const { rows } = await client.query<{ name: string; checksum: string }>(
    `select migration_name as name, checksum from _prisma_migrations
     where finished_at is not null and rolled_back_at is null`,
  );
  return new Map(rows.map(({ name, checksum }) => [name, checksum]));
}

/** The engine is 5 MB of WebAssembly that is needed once: a worker gives its memory back. */
function applyInWorker(url: string): Promise<readonly string[]> {
  const worker = new Worker(inPackage('dist', 'libs/database/src/migrate.worker.js'), {
    workerData: { url },
    env: childEnvironment(),
  });
  return new Promise<readonly string[]>((resolve, reject) => {
    worker.once('message', (message: { applied?: readonly string[]; error?: string }) =>
      message.applied === undefined ? reject(new Error(message.error)) : resolve(message.applied),
    );
    worker.once('error', reject);
  }).finally(() => worker.terminate());
}
