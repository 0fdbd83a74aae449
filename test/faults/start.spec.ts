import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { startTestSandbox } from '../support/sandbox.js';
import { addressIn, type BrokerProcess, rowsOf, spawnBroker, temporaryFolder } from '../support/process.js';

jest.setTimeout(60_000);

const folders: string[] = [];
const running: BrokerProcess[] = [];

async function folder(): Promise<string> {
  const path = await temporaryFolder();
  folders.push(path);
  return path;
}

function start(environment: Record<string, string | undefined>): BrokerProcess {
  const broker = spawnBroker({ SANDBOX: 'off', ...environment });
  running.push(broker);
  return broker;
}

const adminKeyOf = (output: string): string | undefined => /Admin key +(\S+)/.exec(output)?.[1];

afterAll(async () => {
  await Promise.all(running.map((broker) => broker.end('SIGKILL')));
  await Promise.all(folders.map((path) => rm(path, { recursive: true, force: true })));
});

describe('a start that cannot succeed', () => {
  it('should list everything that production misses, with an example each, and exit before it listens', async () => {
    const broker = start({ NODE_ENV: 'production', LOG_LEVEL: 'loud' });
    expect(await broker.exited).toBe(1);
    for (const text of [
      'DATABASE_URL is missing',
      'KEYS_FILE is missing',
      'LOG_LEVEL must be',
      'Example: DATABASE_URL=',
    ]) {
      expect(broker.output()).toContain(text);
    }
    expect(broker.output()).not.toContain('The broker listens');
  });

  it('should say what to do where the port is taken, and leave nothing running', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => void taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const data = await folder();
    const broker = start({ DATA_DIR: data, PORT: String(port) });
    expect(await broker.exited).toBe(1);
    expect(broker.output()).toContain(`Port ${port} on 127.0.0.1 is taken`);
    expect(broker.output()).toContain(`PORT=${port + 1} npm start`);
    await expect(stat(join(data, 'postgres', 'postmaster.pid'))).rejects.toMatchObject({ code: 'ENOENT' });
    taken.close();
  });

  it('should say what to do where the data directory is not usable', async () => {
    const file = join(await folder(), 'file');
    await writeFile(file, '');
    const broker = start({ DATA_DIR: join(file, 'data') });
    expect(await broker.exited).toBe(1);
    expect(broker.output()).toContain('set DATA_DIR to another one');
  });

  it('should refuse a key file that others could read', async () => {
    const data = await folder();
    const keys = join(data, 'keys.json');
    await writeFile(keys, '{}', { mode: 0o644 });
    await chmod(keys, 0o644);
    const broker = start({ DATABASE_URL: process.env['DATABASE_URL'], KEYS_FILE: keys, DATA_DIR: data });
    expect(await broker.exited).toBe(1);
    expect(broker.output()).toContain('chmod 600');
  });

  it('should find at the start that the key file is not the one that its database was sealed with', async () => {
    const [data, other] = [await folder(), await folder()];
    const sandbox = await startTestSandbox();
    const { settings, secrets, credential } = await sandbox.issue('berbix');
    const first = start({ DATABASE_URL: process.env['DATABASE_URL'], DATA_DIR: data });
    const output = await first.untilPrinted('Stop with Ctrl-C');
    const put = await fetch(`${addressIn(output)}/admin/providers/berbix/connections/sealed`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${adminKeyOf(output)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ settings, credential: { ...secrets, ...credential } }),
    });
    expect(put.status).toBe(201);
    await first.end('SIGTERM');
    await sandbox.close();

    const second = start({ DATABASE_URL: process.env['DATABASE_URL'], DATA_DIR: other });
    expect(await second.exited).toBe(1);
    expect(second.output()).toContain('which the key file does not hold: add that key to KEYS_FILE');
  });

  it('should say what to do where the database cannot be reached', async () => {
    const broker = start({ DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none', DATA_DIR: await folder() });
    expect(await broker.exited).toBe(1);
    expect(broker.output()).toContain('Check that DATABASE_URL is right');
  });
});

describe('the embedded Postgres', () => {
  it('should be refused to a second broker, be found again at the next start, and survive kill -9', async () => {
    const data = await folder();
    const first = start({ DATA_DIR: data });
    const key = adminKeyOf(await first.untilPrinted('Stop with Ctrl-C'));
    expect(key).toMatch(/^clv_/);
    expect((await stat(join(data, 'admin.key'))).mode & 0o777).toBe(0o600);
    expect((await readFile(join(data, 'admin.key'), 'utf8')).trim()).toBe(key);

    const second = start({ DATA_DIR: data });
    expect(await second.exited).toBe(1);
    expect(second.output()).toContain(`Another broker already uses ${data}`);
    await first.end('SIGKILL');

    const third = start({ DATA_DIR: data });
    expect(adminKeyOf(await third.untilPrinted('Stop with Ctrl-C'))).toBe(key);
    expect(await third.end('SIGTERM')).toBe(0);
    await expect(stat(join(data, 'postgres', 'postmaster.pid'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('several replicas that start together on an empty database', () => {
  it('should migrate once, and every key that they print should work on every one', async () => {
    await rowsOf('drop schema public cascade');
    await rowsOf('create schema public');
    const environment = { DATABASE_URL: process.env['DATABASE_URL'], DATA_DIR: await folder() };
    const replicas = [start(environment), start(environment), start(environment)];
    const outputs = await Promise.all(replicas.map((replica) => replica.untilPrinted('Stop with Ctrl-C')));
    const answers = await Promise.all(
      outputs.flatMap((output) =>
        outputs.map((other) =>
          fetch(`${addressIn(output)}/admin/callers`, { headers: { authorization: `Bearer ${adminKeyOf(other)}` } }),
        ),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 9 }, () => 200));
    const [row] = await rowsOf<{ count: number }>('select count(*)::int as count from _prisma_migrations');
    expect(row?.count).toBe(3);
    expect(await Promise.all(replicas.map((replica) => replica.end('SIGTERM')))).toEqual([0, 0, 0]);
  });
});
