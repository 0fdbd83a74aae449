import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { BrokersDatabase, until } from '../harness/brokers/index.js';
import { DatabaseClockShift } from '../harness/database-clock.js';
import { startWorld, type World } from '../harness/world.js';
import { pass, requestsOf } from '../support/fault-broker-accounts.js';

jest.setTimeout(60_000);

const STEP_BACK = -5;
const GRACE_SECONDS = 6;

let world: World;
let clock: DatabaseClockShift;

beforeAll(async () => {
  const database = new BrokersDatabase(process.env['DATABASE_URL'] ?? '');
  await new DatabaseClockShift(database).make();
  await database.end();
  world = await startWorld({ replicas: 2 });
  clock = new DatabaseClockShift(world.database);
});

afterAll(async () => {
  await world.end();
});

describe('a database whose clock steps back 5 s', () => {
  it('should not make the grace of a provider seem longer than it is: no repeat comes after its end', async () => {
    const account = await world.account('short-grace', 'grace', { graceSeconds: GRACE_SECONDS });
    await world.upstream.fault({ kind: 'hold', grantId: account.grant.grantId });
    const { sender, others } = await account.untilTaken();
    await account.untilHeld();
    others.forEach((other) => other.freeze());
    await sender.kill();
    await account.release();
    await clock.step(STEP_BACK);
    await pass(GRACE_SECONDS * 1000);
    others.forEach((other) => other.thaw());
    await until('it is known that an outcome is not', async () => {
      const { state } = await world.database.connection(account.name);
      return state !== 'active';
    });
    await pass(3000);
    expect((await account.record()).reuses).toEqual([]);
    expect(await requestsOf(account)).toEqual(['token ok']);
    expect(await account.firstTokenAlive()).toBe(true);
  });
});
