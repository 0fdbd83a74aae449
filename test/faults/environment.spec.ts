import { newApiKey } from '@app/callers';
import { writeKeyFile } from '@app/crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Canaries, findCanaries } from '../support/canaries.js';
import { addressIn, type BrokerProcess, spawnBroker, temporaryFolder } from '../support/process.js';

jest.setTimeout(60_000);

/** An error as a driver throws it, with what it was given in its message and everywhere else; nobody catches it. */
const CRASH = `
const secrets = Object.values(process.env).join(' ');
process.on('SIGUSR2', () => {
  const error = new TypeError('cannot parse ' + secrets + '\\n    at ' + secrets, { cause: new Error(secrets) });
  throw Object.assign(error, { detail: secrets, input: { password: secrets }, code: 'ERR_OF_A_TEST' });
});
`;

const secret = (): string => `CANARY-${randomBytes(24).toString('hex')}`;

let folder: string;
let crash: string;
let broker: BrokerProcess | undefined;

beforeAll(async () => {
  folder = await temporaryFolder();
  crash = join(folder, 'crash.mjs');
  await writeFile(crash, CRASH);
});

afterAll(async () => {
  await broker?.end('SIGTERM');
  await rm(folder, { recursive: true, force: true });
});

/** Every process that this one started, or that those started. Linux tells. */
async function descendants(root: number): Promise<{ readonly name: string; readonly environment: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = new Map(await Promise.all(pids.map(async (pid) => [pid, await parentOf(pid)] as const)));
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === root || isBelow(parent));
  };
  const found = await Promise.all(pids.filter((pid) => isBelow(pid)).map(readProcess));
  return found.filter((one) => one !== undefined);
}

/** A process may end meanwhile. */
const unlessGone = <Value>(reading: Promise<Value>): Promise<Value | undefined> =>
  reading.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') {
      return undefined;
    }
    throw error;
  });

const parentOf = async (pid: number): Promise<number> =>
  Number(/^PPid:\s+(\d+)/m.exec((await unlessGone(readFile(`/proc/${pid}/status`, 'utf8'))) ?? '')?.[1]);

const readProcess = (pid: number) =>
  unlessGone(
    Promise.all([readFile(`/proc/${pid}/cmdline`, 'utf8'), readFile(`/proc/${pid}/environ`, 'utf8')]).then(
      ([name, environment]) => ({ name: name.replaceAll('\0', ' '), environment }),
    ),
  );

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => void server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => void server.close(resolve));
  return String(port);
}

describe('the programs that a broker starts', () => {
  it('should be handed none of the secrets in its environment', async () => {
    const names = ['BOOTSTRAP_ADMIN_KEY', 'VAULT_TOKEN', 'AWS_SECRET_ACCESS_KEY', 'PGPASSWORD', 'NPM_TOKEN'];
    const adminKey = newApiKey().text.reveal();
    const secrets = { ...Object.fromEntries(names.map((name) => [name, secret()])), BOOTSTRAP_ADMIN_KEY: adminKey };
    const environment = { ...secrets, SANDBOX_PORT: await freePort() };
    broker = spawnBroker({ ...environment, DATA_DIR: join(folder, 'data'), NODE_OPTIONS: `--import=${crash}` });
    await broker.untilPrinted('Stop with Ctrl-C');
    // Postgres leaves the broker's tree: it is to outlive one that is killed.
    const [server = ''] = (await readFile(join(folder, 'data', 'postgres', 'postmaster.pid'), 'utf8')).split('\n');
    const postmaster = await readProcess(Number(server));
    const started = [
      ...(await descendants(broker.child.pid ?? 0)),
      ...(await descendants(Number(server))),
      ...(postmaster === undefined ? [] : [postmaster]),
    ];

    expect(started.filter(({ name }) => name.includes('sandbox')).length).toBeGreaterThan(0);
    expect(started.filter(({ name }) => name.includes('postgres')).length).toBeGreaterThan(3);
    for (const { name, environment: held } of started) {
      expect([name, findCanaries(new Map(Object.entries(secrets)), { held })]).toEqual([name, []]);
      const handed = held.split('\0').map((line) => line.split('=')[0] ?? '');
      expect([name, handed.filter((one) => [...names, 'NODE_OPTIONS'].includes(one))]).toEqual([name, []]);
    }
    expect(await broker.end('SIGTERM')).toBe(0);
  });
});

const pathOfKeys = (): string => join(folder, 'keys.json');

describe('what a broker prints', () => {
  const adminKey = newApiKey().text.reveal();

  beforeAll(() => writeKeyFile(pathOfKeys()));

  it.each([
    ['a key file', () => ({ KEYS_FILE: pathOfKeys() })],
    ['keys in a variable', () => ({ KEY_PROVIDER: 'env', KEYS: readFileSync(pathOfKeys(), 'utf8') })],
  ])('should hold no secret, from its start to a crash with all of them in the error: %s', async (_what, keys) => {
    const environment = {
      ...keys(),
      NODE_ENV: 'production',
      DATABASE_URL: process.env['DATABASE_URL'],
      BOOTSTRAP_ADMIN_KEY: adminKey,
      DATA_DIR: join(folder, 'production'),
      AUDIT_SPOOL_DIR: join(folder, 'device'),
      SPOOL_DIR: join(folder, 'spool'),
    };
    const canaries = await canariesOf(environment.DATABASE_URL, pathOfKeys(), environment.BOOTSTRAP_ADMIN_KEY);
    broker = spawnBroker({ ...environment, LOG_LEVEL: 'debug', NODE_OPTIONS: `--import=${crash}` });
    const url = addressIn(await broker.untilPrinted('"The broker listens."'));
    const authorization = `Bearer ${environment.BOOTSTRAP_ADMIN_KEY}`;
    const answers = await Promise.all(
      ['/admin/callers', '/nowhere', '/admin/callers/admin/keys', '/audit/events'].map(async (path) =>
        (await fetch(`${url}${path}`, { headers: { authorization } })).text(),
      ),
    );
    broker.child.kill('SIGUSR2');

    expect(await broker.exited).toBe(1);
    expect(broker.output()).toContain('"error_code":"ERR_OF_A_TEST"');
    expect(findCanaries(canaries, { output: broker.output(), answers: answers.join('\n') })).toEqual([]);
  });
});

/** All that a production broker is given to keep. */
async function canariesOf(databaseUrl = '', keysFile: string, adminKey: string): Promise<Canaries> {
  const canaries: Canaries = new Map([
    ['the administrator', adminKey],
    ['the secret of the administrator', adminKey.split('_').slice(2).join('_').slice(0, 43)],
    ['the address of the database', databaseUrl],
  ]);
  const { password } = new URL(databaseUrl);
  if (password !== '') {
    canaries.set('the password of the database', password);
  }
  JSON.parse(await readFile(keysFile, 'utf8'), (name, value: unknown) => {
    if (typeof value === 'string' && value.length > 40) {
      canaries.set(`${name} of the key file`, value);
    }
    return value;
  });
  return canaries;
}
