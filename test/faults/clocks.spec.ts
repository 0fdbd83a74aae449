import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { BrokersDatabase, reportRejected, until } from '../harness/brokers/index.js';
import { DatabaseClockShift } from '../harness/database-clock.js';
import { type Account, startWorld, type World } from '../harness/world.js';
import { expectKept, requestsOf } from '../support/fault-broker-accounts.js';

jest.setTimeout(60_000);

const STEP_BACK = -5;
/** Of a token of an hour, less the margin. */
const LIFE_SECONDS = 3595;
const ROUNDS = 8;

let world: World;
let clock: DatabaseClockShift;

beforeAll(async () => {
  const database = new BrokersDatabase(process.env['DATABASE_URL'] ?? '');
  await new DatabaseClockShift(database).make();
  await database.end();
  world = await startWorld({ replicas: 2 });
  clock = new DatabaseClockShift(world.database);
});

afterEach(async () => {
  await clock.mend();
  for (const replica of world.replicas.filter(({ isRunning }) => !isRunning)) {
    await replica.start();
  }
});

afterAll(async () => {
  await world.end();
});

async function untilUnderWay(name: string, kind: Account['kind'], graceSeconds = 60) {
  const account = await world.account(name, kind, { graceSeconds });
  await world.upstream.fault({ kind: 'hold', grantId: account.grant.grantId });
  const taken = await account.untilTaken();
  await account.untilHeld();
  return { account, ...taken };
}

/** What the commit of an adoption may take: as long as the margin of every life (5 s) is used up, it is not covered. */
const COMMIT_MS = 500;

/** The broker's word on the life of the newest token, and whether it ends by then, by the clock of the provider. */
async function lifeOf(account: Account): Promise<{ readonly seconds: number; readonly isTrue: boolean }> {
  const { requests } = await account.record();
  const realEnd = (requests.at(-1)?.reachedAt ?? 0) + 3_600_000;
  const askedAt = Date.now();
  const seconds = Number((await account.ask(world.one)).body['expires_in']);
  return { seconds, isTrue: askedAt + seconds * 1000 <= realEnd + COMMIT_MS };
}

describe('a database whose clock steps back 5 s', () => {
  it.each(['strict', 'grace', 'static'] as const)(
    'should adopt what a %s account is answered meanwhile, once, and not overstate its life',
    async (kind) => {
      const { account } = await untilUnderWay(`during-${kind}`, kind);
      await clock.step(STEP_BACK);
      await account.release();
      await world.database.untilGeneration(account.name, 2);
      expect((await lifeOf(account)).isTrue).toBe(true);
      expect(await requestsOf(account)).toEqual(['token ok']);
      await expectKept(world, account);
    },
  );

  it('should not hand out a token for longer than it lives, where it steps back after the adoption', async () => {
    const account = await world.account('after', 'strict');
    await account.makeDue();
    await world.database.untilGeneration(account.name, 2);
    // The step of the test before was mended a moment ago: until that is heard of, a life is overstated already.
    const { seconds: before } = await until('the replica has the time', async () => {
      const life = await lifeOf(account);
      return life.seconds <= LIFE_SECONDS && life;
    });
    const askedAt = performance.now();
    await clock.step(STEP_BACK);
    const after = await until('the replica has noticed', async () => {
      const life = await lifeOf(account);
      const passed = (performance.now() - askedAt) / 1000;
      return life.seconds + passed > before + 2 && life;
    });
    expect(after.isTrue).toBe(true);
  });

  it(`should send one request in each of ${ROUNDS} rounds, stepping back in each, and see no restored backup in it`, async () => {
    const account = await world.account('rounds', 'strict');
    for (let generation = 1; generation <= ROUNDS; generation += 1) {
      const asked = world.replicas.map((replica) => reportRejected(replica, account.name, account.name, generation));
      const [answers] = await Promise.all([Promise.all(asked), account.makeDue(), clock.step(STEP_BACK)]);
      expect(answers.map(({ status, body }) => [status, body['generation']])).toEqual(
        answers.map(() => [200, generation + 1]),
      );
    }
    const { sends, reuses, alive } = await account.record();
    expect(Object.values(sends)).toEqual(Array.from({ length: ROUNDS }, () => 1));
    expect({ reuses, alive }).toEqual({ reuses: [], alive: true });
    expect((await world.database.connection(account.name)).state).toBe('active');
    expect(await world.database.rows(`select from audit_events where action = 'database.restored'`)).toEqual([]);
  });

  it('should keep the lease of a killed holder a little longer, and recover all the same: a grace account by a repeat', async () => {
    const { account, sender } = await untilUnderWay('killed-grace', 'grace');
    await clock.step(STEP_BACK);
    await sender.kill();
    await account.release();
    await world.database.untilGeneration(account.name, 2);
    expect(await requestsOf(account)).toEqual(['token ok', 'token ok']);
    const { reuses, alive } = await account.record();
    expect({ reuses, alive }).toEqual({ reuses: [], alive: true });
  });

  it('should still adopt from the spool what was sent after the step with a credential that was stored before it', async () => {
    const { account, sender } = await untilUnderWay('spooled', 'strict');
    await clock.step(STEP_BACK);
    const letGo = await world.database.holdConnection(account.name);
    await account.release();
    await sender.untilSpooled();
    await world.database.untilBlocked();
    await sender.kill();
    await world.database.endBlocked();
    await letGo();
    await sender.start();
    await world.database.untilGeneration(account.name, 2);
    await sender.untilSpoolEmpty();
    expect(await requestsOf(account)).toEqual(['token ok']);
    await expectKept(world, account);
  });

  it('should only make the zombie window longer: nothing is sent in it, and one look and one repeat follow', async () => {
    const account = await world.account('zombie', 'strict', { introspection: true });
    await world.upstream.fault({ kind: 'cut_before', grantId: account.grant.grantId });
    await account.makeDue();
    const [sent] = (await account.untilSeen()).requests;
    await clock.step(STEP_BACK);
    await world.database.untilGeneration(account.name, 2);
    const { requests, reuses, alive } = await account.record();
    expect(await requestsOf(account)).toEqual(['token null', 'introspection active', 'token ok']);
    expect((requests[1]?.at ?? 0) - (sent?.at ?? 0)).toBeGreaterThanOrEqual(2000);
    expect({ reuses, alive }).toEqual({ reuses: [], alive: true });
  });
});
