import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { BrokerError } from '@app/common';
import { Client } from 'pg';
import { type Binaries, findBinaries } from './binaries.js';
import { type ServerUser, serverUser } from './server-user.js';

/** Advisory lock that the one broker using this folder holds. */
const FOLDER_LOCK = 7_201_601;
const PASSWORD_FILE = 'claviger.password';

/** A running embedded Postgres, held by this process alone. */
export interface EmbeddedPostgres {
  /** Connection string of the superuser, database `postgres`. */
  readonly url: string;
  /** Stops the server and waits for it. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Folder that holds, or will hold, the server's data: `<directory>/postgres`. */
  readonly directory: string;
  /** Further server settings (`fsync: 'off'` in tests). */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * Starts the real Postgres server in a folder: made at the first start, found again at every other, taken over from a broker
 * that was killed. It lives in a process group of its own, so that Ctrl-C reaches the broker only, which stops it last.
 * @throws BrokerError `conflict` where another broker uses the folder, `storage_unavailable` where it cannot be used.
 */
export async function startEmbeddedPostgres({ directory, settings = {} }: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const binaries = await findBinaries();
  const user = await serverUser(binaries.postgres);
  const data = join(directory, 'postgres');
  const password = await prepareFolder(directory, data, binaries, user);
  const port = (await runningPort(data, binaries, user)) ?? (await startServer(data, binaries, user, settings));
  const url = `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`;
  const lock = await lockFolder(url, directory);
  return {
    url,
    stop: async () => {
      await lock.end().catch(() => undefined);
      await user.run(binaries.pg_ctl, ['stop', '-D', data, '-m', 'fast', '-w', '-t', '20']);
    },
  };
}

async function prepareFolder(directory: string, data: string, binaries: Binaries, user: ServerUser): Promise<string> {
  try {
    await ensureFolder(directory, user.folderMode);
    if (!existsSync(data)) {
      await createCluster(data, binaries, user);
    }
    return await readFile(join(data, PASSWORD_FILE), 'utf8');
  } catch (cause) {
    throw unusable(directory, cause);
  }
}

/** As `mkdir -p`; Node's own recursive variant never returns for folders that cannot exist, such as /proc/x. */
async function ensureFolder(directory: string, mode: number): Promise<void> {
  if (existsSync(directory)) {
    return;
  }
  if (dirname(directory) !== directory) {
    await ensureFolder(dirname(directory), 0o755);
  }
  await mkdir(directory, { mode });
}

/** Made beside its place and moved there when whole, so that a kill in the middle leaves nothing half made. */
async function createCluster(data: string, binaries: Binaries, user: ServerUser): Promise<void> {
  const draft = `${data}.${randomBytes(4).toString('hex')}`;
  const passwordFile = `${draft}.password`;
  try {
    await mkdir(draft, { mode: 0o700 });
    await user.own(draft);
    await writeFile(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
    await user.own(passwordFile);
    const options = ['-U', 'postgres', '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C', '--no-instructions'];
    await user.run(binaries.initdb, ['-D', draft, `--pwfile=${passwordFile}`, ...options]);
    await rename(passwordFile, join(draft, PASSWORD_FILE));
    await rename(draft, data).catch((error: unknown) => {
      // A broker that started at the same moment was faster: its cluster serves.
      if (!existsSync(data)) {
        throw error;
      }
    });
  } finally {
    await rm(passwordFile, { force: true });
    await rm(draft, { recursive: true, force: true });
  }
}

/** The port of a server that still runs in the folder, left there by a killed broker or held by a living one. */
async function runningPort(data: string, binaries: Binaries, user: ServerUser): Promise<number | undefined> {
  const running = await user.run(binaries.pg_ctl, ['status', '-D', data]).then(
    () => true,
    () => false,
  );
  if (!running) {
    return undefined;
  }
  const [, , , port] = (await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n');
  return Number(port);
}

async function startServer(
  data: string,
  binaries: Binaries,
  user: ServerUser,
  settings: Readonly<Record<string, string>>,
): Promise<number> {
  const port = await freePort();
  const all = { listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: '', ...settings };
  const options = Object.entries(all).map(([name, value]) => `-c ${name}=${value === '' ? "''" : value}`);
  try {
    const log = join(data, 'server.log');
    await user.run(binaries.pg_ctl, ['start', '-D', data, '-w', '-t', '60', '-s', '-l', log, '-o', options.join(' ')]);
    return port;
  } catch (cause) {
    const other = await runningPort(data, binaries, user);
    if (other !== undefined) {
      return other;
    }
    throw unusable(data, cause);
  }
}

async function lockFolder(url: string, directory: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'claviger-lock' });
  client.on('error', () => undefined);
  await client.connect().catch((cause: unknown) => {
    throw unusable(directory, cause);
  });
  const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [FOLDER_LOCK]);
  if (rows[0]?.locked === true) {
    return client;
  }
  await client.end();
  throw new BrokerError(
    'conflict',
    `Another broker already uses ${directory}. Stop it, or start this one with a folder of its own: DATA_DIR=.data2 npm start`,
  );
}

const unusable = (directory: string, cause: unknown): BrokerError =>
  new BrokerError(
    'storage_unavailable',
    `The embedded Postgres cannot use ${directory} (${reasonOf(cause)}). Make the folder writable, remove it if nothing in it ` +
      'is needed, or set DATA_DIR to another one, or DATABASE_URL to a Postgres of your own.',
    { cause },
  );

/** The last line that the server's program printed, or the system's error code. */
function reasonOf(cause: unknown): string {
  const { stderr, code } = cause as { stderr?: unknown; code?: unknown };
  const lines = typeof stderr === 'string' ? stderr.trim().split('\n') : [];
  return lines.at(-1) || (typeof code === 'string' || typeof code === 'number' ? String(code) : 'unknown reason');
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
