import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Replica, until } from '../harness/brokers/index.js';
import { OwnPostgres } from '../harness/postgres/own-postgres.js';
import { type Account, startWorld, type World } from '../harness/world.js';
import { expectKept, isUnavoidablyLost, pass, requestsOf } from '../support/fault-broker-accounts.js';

jest.setTimeout(60_000);

/** How long Postgres stays away: longer than every lease, the zombie window and what a caller waits. A minute is only longer. */
const OUTAGE_MS = 12_000;
const KINDS = ['strict', 'grace', 'static'] as const;

let folder: string;
let postgres: OwnPostgres;
let world: World;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claviger-outage-'));
  postgres = await OwnPostgres.start(folder);
  world = await startWorld({ replicas: 1, databaseUrl: postgres.url });
});

afterAll(async () => {
  await world.end();
  await postgres.end();
  await rm(folder, { recursive: true, force: true });
});

/** One account of each kind, whose refreshes the provider has acted upon; it keeps the answers. */
async function untilUnderWay(name: string): Promise<readonly Account[]> {
  const accounts: Account[] = [];
  for (const kind of KINDS) {
    const account = await world.account(`${name}-${kind}`, kind, { graceSeconds: 120 });
    await world.upstream.fault({ kind: 'hold', grantId: account.grant.grantId });
    await account.makeDue();
    await account.untilHeld();
    accounts.push(account);
  }
  return accounts;
}

const status = async (replica: Replica, path: string): Promise<number> => (await replica.ask('GET', path)).status;

async function expectOneRequestEach(accounts: readonly Account[]): Promise<void> {
  for (const account of accounts) {
    expect({ name: account.name, requests: await requestsOf(account) }).toEqual({
      name: account.name,
      requests: ['token ok'],
    });
  }
}

describe('Postgres stopped after the provider acted', () => {
  it('should be waited for: the sender stores every answer when it is back', async () => {
    const accounts = await untilUnderWay('waited');
    await postgres.stop();
    await Promise.all(accounts.map((account) => account.release()));
    await until('every answer is on the disk', async () => (await world.one.spooled()).length === accounts.length);
    expect(await status(world.one, '/health/ready')).toBe(503);
    await postgres.start();
    await Promise.all(accounts.map(({ name }) => world.database.untilGeneration(name, 2)));
    await world.one.untilSpoolEmpty();
    await expectOneRequestEach(accounts);
    for (const account of accounts) {
      await expectKept(world, account);
    }
  });

  it('should keep no replica from stopping in time: every answer waits on the disk for its next start', async () => {
    const accounts = await untilUnderWay('ended');
    await postgres.stop();
    const ended = world.one.stop();
    await Promise.all(accounts.map((account) => account.release()));
    expect(await ended).toBe(0);
    expect(await world.one.spooled()).toHaveLength(accounts.length);
    expect(world.one.output()).toContain('did not stop in time and is left behind');

    await postgres.start();
    await world.one.start();
    await Promise.all(accounts.map(({ name }) => world.database.untilGeneration(name, 2)));
    await world.one.untilSpoolEmpty();
    await expectOneRequestEach(accounts);
    for (const account of accounts) {
      await expectKept(world, account);
    }
  });

  it('should cost nothing where the broker is killed before it is back, however long it takes', async () => {
    const accounts = await untilUnderWay('killed');
    const sender = world.one;
    const survivor = await world.add();
    await postgres.stop();
    await Promise.all(accounts.map((account) => account.release()));
    await until('every answer is on the disk', async () => (await sender.spooled()).length === accounts.length);
    await sender.kill();
    await expect(sender.start()).rejects.toThrow('A broker ended');
    await pass(OUTAGE_MS);
    expect(await status(survivor, '/health/live')).toBe(200);
    expect(await status(survivor, '/health/ready')).toBe(503);
    expect((await accounts[0]?.ask(survivor))?.body['code']).toBe('storage_unavailable');
    expect(await sender.spooled()).toHaveLength(accounts.length);
    await expectOneRequestEach(accounts);

    await postgres.start();
    await until('the survivor is ready', async () => (await status(survivor, '/health/ready')) === 200);
    const [strict] = accounts;
    await world.database.untilState(strict?.name ?? '', 'uncertain');
    expect(await strict?.ask(survivor)).toMatchObject({ status: 200, body: { generation: 1 } });
    await sender.start();
    await Promise.all(accounts.map(({ name }) => world.database.untilGeneration(name, 2)));
    await sender.untilSpoolEmpty();
    for (const account of accounts) {
      const requests = await requestsOf(account);
      expect(requests.slice(account.kind === 'strict' ? 1 : 2)).toEqual([]);
      expect(await isUnavoidablyLost(world, account)).toBe(false);
      await expectKept(world, account, survivor);
    }
  });
});
