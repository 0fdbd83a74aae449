import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { rm } from 'node:fs/promises';
import type { Sandbox } from '../../apps/sandbox/src/index.js';
import { addressIn, type BrokerProcess, rowsOf, spawnBroker, temporaryFolder } from '../support/process.js';
import { startTestSandbox } from '../support/sandbox.js';

jest.setTimeout(90_000);

/** Long enough that a signal arrives while the provider works. */
const SLOW_MS = 2500;

let sandbox: Sandbox;
let dataDir: string;
const running: BrokerProcess[] = [];

interface Replica {
  readonly process: BrokerProcess;
  readonly url: string;
  readonly key: string;
}

async function start(): Promise<Replica> {
  const broker = spawnBroker({ DATABASE_URL: process.env['DATABASE_URL'], DATA_DIR: dataDir, SANDBOX: 'off' });
  running.push(broker);
  const output = await broker.untilPrinted('Stop with Ctrl-C');
  return { process: broker, url: addressIn(output), key: /Admin key +(\S+)/.exec(output)?.[1] ?? '' };
}

const ask = ({ url, key }: Replica, path: string, init: { method?: string; body?: string } = {}): Promise<Response> =>
  fetch(`${url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${key}`, ...(init.body ? { 'content-type': 'application/json' } : {}) },
  });

/** A Berbix connection that holds no token yet, whose provider takes its time; returns the id of its credential. */
async function connect(replica: Replica, name: string): Promise<string> {
  const { id, settings, secrets, credential } = await sandbox.issue('berbix');
  sandbox.fault('berbix', { kind: 'delay', ms: SLOW_MS });
  const body = JSON.stringify({ settings, credential: { ...secrets, ...credential } });
  const answer = await ask(replica, `/admin/providers/berbix/connections/${name}`, { method: 'PUT', body });
  expect(answer.status).toBe(201);
  return id;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await holds()) {
      return;
    }
    await new Promise((resolve) => void setTimeout(resolve, 50));
  }
  throw new Error('It did not happen within 30 s.');
}

const attemptsOf = (name: string): Promise<{ outcome: string | null; recorded: boolean }[]> =>
  rowsOf(
    `select a.outcome, a.recorded from attempts a join connections c on c.id = a.connection_id
     where c.name = $1 order by a.opened_at`,
    [name],
  );

beforeAll(async () => {
  sandbox = await startTestSandbox();
  dataDir = await temporaryFolder();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((broker) => broker.end('SIGKILL')));
});

afterAll(async () => {
  await sandbox.close();
  await rm(dataDir, { recursive: true, force: true });
});

describe('a replica that dies after it sent a refresh', () => {
  it('should leave the connection to another, which closes its attempt as abandoned and completes the log', async () => {
    const [first, second] = [await start(), await start()];
    const credential = await connect(first, 'killed');
    await until(() => sandbox.requests({ credential }).length === 1);
    const [sender, survivor] = await senderFirst(first, second, 'killed');
    await sender.process.end('SIGKILL');

    await until(async () => (await ask(survivor, '/providers/berbix/token?connection=killed')).status === 200);
    const attempts = await attemptsOf('killed');
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['abandoned', 'ok']);
    expect(sandbox.requests({ credential })).toHaveLength(2);
    await until(async () => (await attemptsOf('killed')).every(({ recorded }) => recorded));
    const events = await rowsOf<{ action: string; reason: string | null }>(
      "select action, reason from audit_lines where connection = 'killed' and action like 'refresh.%' order by at, stream, seq",
    );
    expect(events.filter(({ action }) => action === 'refresh.started')).toHaveLength(2);
    expect(events).toContainEqual({ action: 'refresh.failed', reason: 'abandoned' });
    expect(events.filter(({ action }) => action === 'refresh.succeeded')).toHaveLength(1);
  });
});

/** Whose lease it is: the scheduler of either replica may have been first. */
async function senderFirst(one: Replica, other: Replica, name: string): Promise<readonly [Replica, Replica]> {
  const rows = await rowsOf<{ pid: number }>(
    `select s.id::int as pid from audit_streams s join connections c on c.lease_holder = s.replica where c.name = $1`,
    [name],
  );
  const streams = await rowsOf<{ id: number }>('select id::int as id from audit_streams order by id desc limit 2');
  return rows[0]?.pid === streams[1]?.id ? [one, other] : [other, one];
}

describe('a replica that is told to stop', () => {
  it('should store the answer of a refresh that it sent before it ends', async () => {
    const replica = await start();
    const credential = await connect(replica, 'stopped');
    await until(() => sandbox.requests({ credential }).length === 1);

    expect(await replica.process.end('SIGTERM')).toBe(0);
    expect(await attemptsOf('stopped')).toEqual([{ outcome: 'ok', recorded: true }]);
    const [connection] = await rowsOf<{ generation: number; held: boolean }>(
      "select generation, token is not null as held from connections where name = 'stopped'",
    );
    expect(connection).toEqual({ generation: 2, held: true });
  });
});

describe('a broker whose database connections are cut', () => {
  it('should adopt the answer that was on its way, and go on', async () => {
    const replica = await start();
    const credential = await connect(replica, 'cut');
    await until(() => sandbox.requests({ credential }).length === 1);
    await rowsOf(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );

    await until(async () => (await ask(replica, '/providers/berbix/token?connection=cut')).status === 200);
    expect(sandbox.requests({ credential })).toHaveLength(1);
    expect((await attemptsOf('cut')).map(({ outcome }) => outcome)).toEqual(['ok']);
    expect((await ask(replica, '/health/ready')).status).toBe(200);
  });
});
