import { execFile } from 'node:child_process';
import { chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AuditLog } from '@app/audit';
import { createLog, Secret } from '@app/common';
import { RestoreGuard, RestoreRepository, Spool } from '@app/connections';
import { Envelopes, generateKeyFile, Keyring } from '@app/crypto';
import { Database, type EmbeddedPostgres } from '@app/database';
import { ProviderRegistry } from '@app/providers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromBuild } from '../support/build.js';
import { libraryConfig, silentLog } from '../support/library.js';

const { migrate, startEmbeddedPostgres } =
  await fromBuild<typeof import('../../libs/database/src/index.js')>('libs/database/src/index.js');
const copy = promisify(execFile);

async function onDatabase<Result>(url: string, work: (database: Database) => Promise<Result>): Promise<Result> {
  const database = new Database({ ...libraryConfig, databaseUrl: new Secret(url) });
  return work(database).finally(() => database.close());
}

const attempts = (url: string, count: number): Promise<object[]> =>
  onDatabase(url, (database) => {
    const text = `select nextval('rotation_epoch') from generate_series(1, $1::int)`;
    return database.query({ text, values: [count] });
  });

/** A cluster of its own, stopped, and a snapshot of its folder that is three one-shot attempts older. */
describe(`${RestoreGuard.name} on real clusters`, () => {
  let folder: string;
  let spool: Spool;
  let trusted: readonly unknown[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'claviger-clusters-'));
    spool = new Spool(
      { ...libraryConfig, spoolDir: join(folder, 'spool') },
      new Envelopes(new Keyring(generateKeyFile())),
      { now: Date.now },
      silentLog,
    );
    await within('primary', async (url) => {
      await migrate(url);
      await attempts(url, 40);
    });
    await Promise.all(['snapshot', 'standby'].map((name) => copy('cp', ['-a', at('primary'), at(name)])));
    await within('primary', async (url) => {
      await attempts(url, 3);
      trusted = await distrustOf(url);
    });
  }, 60_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const at = (name: string): string => join(folder, name);

  async function within(name: string, work: (url: string) => Promise<void>): Promise<void> {
    const postgres: EmbeddedPostgres = await startEmbeddedPostgres({
      directory: at(name),
      settings: { fsync: 'off', max_connections: '20' },
    });
    await work(postgres.url).finally(() => postgres.stop());
  }
  /** Why a replica that knew the primary does not trust this database; afterwards it was quarantined, and is trusted. */
  const distrustOf = (url: string): Promise<readonly [string | undefined, string | undefined]> =>
    onDatabase(url, async (database) => {
      const audit: Pick<AuditLog, 'append'> = { append: () => Promise.resolve({ mark: undefined }) };
      const restores = new RestoreRepository(database);
      const log = createLog('silent');
      const sut = new RestoreGuard(restores, spool, new ProviderRegistry([]), audit as AuditLog, log);
      const before = await sut.findReason();
      await sut.check();
      return [before, await sut.findReason()];
    });

  it('should trust the one that it worked with', () => {
    expect(trusted).toEqual([undefined, undefined]);
  });

  it('should find out that a snapshot of the same cluster is three attempts older', async () => {
    await within('snapshot', async (url) => {
      await expect(distrustOf(url)).resolves.toEqual(['older_epoch', undefined]);
    });
  }, 30_000);

  it('should find out that a standby was promoted', async () => {
    const signal = join(at('standby'), 'postgres', 'standby.signal');
    await writeFile(signal, '');
    const { uid, gid } = await stat(join(at('standby'), 'postgres'));
    await chown(signal, uid, gid);
    await within('standby', async (url) => {
      await onDatabase(url, (database) => database.query({ text: 'select pg_promote()', values: [] }));
      await expect(distrustOf(url)).resolves.toEqual(['other_timeline', undefined]);
    });
  }, 30_000);
});
