import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type BrokerAnswer, type LetGo, until } from '../harness/brokers/index.js';
import { type Account, startWorld, type World } from '../harness/world.js';
import { expectKept, isUnavoidablyLost, pass, requestsOf } from '../support/fault-broker-accounts.js';

jest.setTimeout(60_000);

const LEASE_MS = 1000;
/** More than the request pool of a replica holds (10), for each. */
const CALLERS = 30;
/** The pool is full for so long: several leases, and longer than a request waits for a connection of it. */
const FULL_MS = 5000;

let world: World;

beforeAll(async () => {
  world = await startWorld({ replicas: 2, timing: { leaseMs: LEASE_MS } });
});

afterAll(async () => {
  await world.end();
});

/** An account whose refresh the provider has acted upon, and whose answer it keeps. */
async function untilUnderWay(name: string, kind: Account['kind']): Promise<Account> {
  const account = await world.account(name, kind, { graceSeconds: 20 });
  await world.upstream.fault({ kind: 'hold', grantId: account.grant.grantId });
  await account.makeDue();
  await account.untilHeld();
  return account;
}

describe('every database connection terminated during the call to the provider', () => {
  it.each(['strict', 'grace', 'static'] as const)(
    'should not matter to a %s account: the answer is adopted over new connections, and nobody sends again',
    async (kind) => {
      const account = await untilUnderWay(`cut-${kind}`, kind);
      await world.database.cutSessions();
      await account.release();
      await world.database.cutSessions();
      await world.database.untilGeneration(account.name, 2);

      expect(await requestsOf(account)).toEqual(['token ok']);
      await expectKept(world, account);
    },
  );

  it('should not matter where it happens again and again until after the answer came', async () => {
    const account = await untilUnderWay('cut-on', 'strict');
    const end = performance.now() + 3 * LEASE_MS;
    let cuts = 0;
    await until('the sessions were cut for three leases', async () => {
      await world.database.cutSessions();
      cuts += 1;
      return performance.now() > end;
    });
    expect(cuts).toBeGreaterThan(10);
    const cutting = world.database.cutSessions();
    await account.release();
    await cutting;
    await world.database.untilGeneration(account.name, 2);

    expect(await requestsOf(account)).toEqual(['token ok']);
    expect(await account.outcomes()).toEqual(['ok']);
    await expectKept(world, account);
  });

  it('should cost one attempt at most where it happens before anything was sent', async () => {
    const account = await world.account('cut-before', 'strict');
    const letGo = await world.database.holdAudit();
    await account.untilTaken();
    await world.database.cutSessions();
    await letGo();
    await world.database.untilGeneration(account.name, 2);

    expect(await requestsOf(account)).toEqual(['token ok']);
    await expectKept(world, account);
  });
});

/** Statements of the request pools that wait for a lock. */
const stuckRequests = async (): Promise<number> => {
  const text = `select from pg_stat_activity
    where datname = current_database() and application_name = 'claviger-requests' and wait_event_type = 'Lock'`;
  return (await world.database.rows(text)).length;
};

/** Whoever lists providers has a statement of their own, and an adoption reads none: this lock stops the ones and not the other. */
const fillPools = async (): Promise<{ letGo: LetGo; answers: Promise<readonly BrokerAnswer[]> }> => {
  const letGo = await world.database.hold('lock table providers in access exclusive mode');
  const answers = Promise.all(
    Array.from({ length: 2 * CALLERS }, (_, index) =>
      (world.replicas[index % 2] ?? world.one).ask('GET', '/admin/providers'),
    ),
  );
  await until('both pools are full', async () => (await stuckRequests()) >= 20);
  return { letGo, answers };
};

describe('a request pool that is held full', () => {
  it('should not keep an answer from being stored, nor a lease from being kept up', async () => {
    const accounts = [await untilUnderWay('full-strict', 'strict'), await untilUnderWay('full-static', 'static')];
    const { letGo, answers } = await fillPools();
    try {
      await pass(FULL_MS);
      for (const { name } of accounts) {
        const { generation, lease_expires_at: lease } = await world.database.connection(name);
        expect({ name, generation, leased: (lease?.getTime() ?? 0) > Date.now() }).toEqual({
          name,
          generation: 1,
          leased: true,
        });
      }
      await Promise.all(accounts.map((account) => account.release()));
      await Promise.all(accounts.map(({ name }) => world.database.untilGeneration(name, 2, 3000)));
      expect(await stuckRequests()).toBeGreaterThanOrEqual(10);
    } finally {
      await letGo();
    }

    for (const account of accounts) {
      expect(await requestsOf(account)).toEqual(['token ok']);
      expect(await isUnavoidablyLost(world, account)).toBe(false);
      await expectKept(world, account);
    }
    const refused = (await answers).filter(({ status }) => status !== 200);
    expect(new Set(refused.map(({ status, body }) => `${status} ${String(body['code'])}`))).toEqual(
      new Set(refused.length === 0 ? [] : ['503 storage_unavailable']),
    );
  });

  it('should be over as soon as it is let go: both replicas answer and refresh again', async () => {
    const account = await world.account('after', 'strict');
    await until('both replicas answer', async () => {
      const answers = await Promise.all(world.replicas.map((replica) => account.ask(replica)));
      return answers.every(({ status }) => status === 200);
    });
    await account.makeDue();
    await world.database.untilGeneration(account.name, 2);
    expect(await requestsOf(account)).toEqual(['token ok']);
    await expectKept(world, account);
  });
});
