import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Replica, until } from '../harness/brokers/index.js';
import { freezePostgres } from '../harness/postgres/freeze.js';
import { OwnPostgres } from '../harness/postgres/own-postgres.js';
import { type Account, startWorld, type World } from '../harness/world.js';

jest.setTimeout(60_000);

/** Streams that are not numbered from 1 without a gap, not chained, or whose head is not their last row. */
const BROKEN_STREAMS = `
select stream from (
  select e.*, s.head_seq, s.head_hash,
    lag(e.hash, 1, audit_genesis(s.id, s.replica)) over (partition by s.id order by e.seq) as before
  from audit_streams s join audit_events e on e.stream = s.id) as chained
group by stream
having not (min(seq) = 1 and max(seq) = count(*) and max(seq) = max(head_seq) and bool_and(hash = audit_link(before, seq, body))
  and (array_agg(hash order by seq desc))[1] = (array_agg(head_hash))[1])`;

let folder: string;
let postgres: OwnPostgres;
let world: World;
let account: Account;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claviger-device-'));
  postgres = await OwnPostgres.start(folder);
  world = await startWorld({
    replicas: 1,
    databaseUrl: postgres.url,
    environment: { AUDIT_SPOOL_DIR: join(folder, 'audit') },
  });
  account = await world.account('cached', 'static');
});

afterAll(async () => {
  await world.end();
  await postgres.end();
  await rm(folder, { recursive: true, force: true });
});

const files = async (): Promise<readonly string[]> =>
  (await readdir(join(folder, 'audit'))).filter((name) => name.endsWith('.stream'));

const issued = async (device: string | null): Promise<number> => {
  const text = `select count(*)::int as count from audit_lines where action = 'token.issued' and device is not distinct from $1`;
  return (await world.database.rows<{ count: number }>(text, [device]))[0]?.count ?? 0;
};

const readiness = (replica: Replica) => replica.ask('GET', '/health/ready');

/** Asks for the cached token, so many times; how often it was handed out. */
async function read(times: number): Promise<number> {
  const asked = Array.from({ length: times }, () => account.ask(world.one).catch(() => undefined));
  return (await Promise.all(asked)).filter((answer) => answer?.status === 200).length;
}

async function expectAllRecorded(delivered: number, before: number): Promise<void> {
  expect(await issued('local')).toBeGreaterThanOrEqual(before + delivered);
  expect(await world.database.rows(BROKEN_STREAMS)).toEqual([]);
  expect(await files()).toEqual([]);
  expect(await world.one.ask('GET', '/audit/verify')).toMatchObject({ status: 200, body: { ok: true, fault: null } });
}

/** Puts the token in the cache and takes Postgres away; resolves once the replica knows. */
async function beginOutage(): Promise<number> {
  await until('the replica is ready', async () => (await readiness(world.one)).status === 200);
  expect(await read(1)).toBe(1);
  const before = await issued('local');
  await postgres.stop();
  await until('the token goes on', async () => (await read(1)) === 1);
  return before;
}

describe('a database outage with a local device for the audit log', () => {
  it('should be bridged for cached tokens, which are in the log afterwards', async () => {
    const before = await beginOutage();
    const delivered = await read(50);
    expect(delivered).toBe(50);
    expect(await readiness(world.one)).toMatchObject({
      status: 200,
      body: { ready: true, checks: { database: false, audit: true } },
    });
    const other = await world.one.ask('GET', '/providers/cached/token?connection=other');
    expect(other).toMatchObject({ status: 503, body: { code: 'storage_unavailable' } });

    await postgres.start();
    await until('the replica is ready', async () => (await readiness(world.one)).status === 200);
    await until('the device is drained', async () => (await files()).length === 0);
    await expectAllRecorded(delivered, before);
    const refused = `select from audit_lines where action = 'token.refused' and connection = 'other' and device = 'local'`;
    expect(await world.database.rows(refused)).toHaveLength(1);
  });

  it('should bridge a database that takes connections and answers nothing', async () => {
    const before = await issued('local');
    expect(await read(1)).toBe(1);
    const thaw = freezePostgres(postgres);
    const delivered = (await read(10)) + (await read(10));
    const { status, body } = await readiness(world.one).finally(thaw);
    expect(delivered).toBe(20);
    expect([status, body]).toMatchObject([200, { checks: { database: false, audit: true } }]);
    await until('the device is drained', async () => (await files()).length === 0);
    await expectAllRecorded(delivered, before);
  });

  it('should leave every token in the log whose replica was killed in the middle', async () => {
    const before = await beginOutage();
    let delivered = 0;
    const killed = new AbortController();
    const reading = Array.from({ length: 4 }, async () => {
      while (!killed.signal.aborted) {
        const answered = await read(1);
        delivered += answered;
        await pause(1);
      }
    });
    await until('many tokens were handed out', () => delivered > 30);
    await world.one.kill();
    killed.abort();
    await Promise.all(reading);
    expect(await files()).toHaveLength(1);
    await postgres.start();
    await world.one.start();
    await expectAllRecorded(delivered, before);
    expect(await read(1)).toBe(1);
  });

  it('should end with a replica that stops in order, whose last word is drained by the next', async () => {
    const before = await beginOutage();
    const delivered = await read(10);
    const began = performance.now();
    expect(await world.one.stop()).toBe(0);
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(await files()).toHaveLength(1);
    await postgres.start();
    await world.one.start();
    await expectAllRecorded(delivered, before);
    const last = `select from audit_lines where action = 'replica.stopped' and device = 'local'`;
    expect(await world.database.rows(last)).toHaveLength(1);
  });
});
