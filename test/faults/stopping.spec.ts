import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Replica, until } from '../harness/brokers/index.js';
import { type Account, startWorld, type World } from '../harness/world.js';
import { expectKept, requestsOf } from '../support/fault-broker-accounts.js';

jest.setTimeout(60_000);

const KINDS = ['strict', 'grace', 'static'] as const;

let world: World;

beforeAll(async () => {
  world = await startWorld({ replicas: 1 });
});

afterAll(async () => {
  await world.end();
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

const untilPrinted = (replica: Replica, text: string): Promise<unknown> =>
  until(`it prints "${text}"`, () => Promise.resolve(replica.output().includes(text)));

/** Every refresh was sent once, and what came back is stored and recorded. */
async function expectStored(accounts: readonly Account[]): Promise<void> {
  for (const account of accounts) {
    expect(await account.attempts()).toMatchObject([{ outcome: 'ok' }]);
    expect({ name: account.name, requests: await requestsOf(account) }).toEqual({
      name: account.name,
      requests: ['token ok'],
    });
  }
}

describe('a replica that is told to stop while refreshes are on their way', () => {
  it('should refuse new requests, answer those under way and store every answer, told once or thrice', async () => {
    const accounts = await untilUnderWay('told');
    const { one } = world;
    const { url, pid } = one;
    const [strict] = accounts;
    const waiting = strict?.ask(one, 86_000);
    await until('a caller waits', async () => (await one.ask('GET', '/health/ready')).status === 200);
    const ended = one.stop();
    await untilPrinted(one, '"Stopping."');
    process.kill(pid, 'SIGTERM');
    process.kill(pid, 'SIGINT');
    await untilPrinted(one, 'Already stopping');
    const [ready, refused] = await Promise.all([fetch(`${url}/health/ready`), fetch(`${url}/providers`)]);
    await Promise.all(accounts.map((account) => account.release()));

    expect([ready.status, refused.status, refused.headers.get('connection')]).toEqual([503, 503, 'close']);
    expect(await refused.json()).toMatchObject({ code: 'shutting_down' });
    expect(await waiting).toMatchObject({ status: 200, body: { generation: 2 } });
    expect(await ended).toBe(0);
    await expectStored(accounts);
    await one.start();
    for (const account of accounts) {
      await expectKept(world, account);
    }
  });
});

describe('a replica in which something fails that nobody catches', () => {
  it('should stop in the same order, and end with 1', async () => {
    const accounts = await untilUnderWay('failed');
    const { one } = world;
    process.kill(one.pid, 'SIGUSR2');
    await untilPrinted(one, 'Something failed that nothing expected');
    await Promise.all(accounts.map((account) => account.release()));

    expect(await one.ended).toBe(1);
    await expectStored(accounts);
    expect(await world.database.rows("select 1 from audit_events where action = 'replica.stopped'")).toHaveLength(2);
  });
});
