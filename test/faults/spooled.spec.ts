import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { LetGo, Replica } from '../harness/brokers/index.js';
import { type Account, startWorld, type World } from '../harness/world.js';
import { isUnavoidablyLost, pass } from '../support/fault-broker-accounts.js';

jest.setTimeout(60_000);

/** Longer than the zombie window and several leases: whoever wants to send by mistake has had the time. */
const LONG_ENOUGH_MS = 4500;

let world: World;

interface Spooled {
  readonly sender: Replica;
  readonly others: readonly Replica[];
  readonly letGo: LetGo;
}

/** Brings a replica to where the answer is on its disk and its commit waits. */
async function untilSpooled(account: Account): Promise<Spooled> {
  await world.upstream.fault({ kind: 'hold', grantId: account.grant.grantId });
  const taken = await account.untilTaken();
  await account.untilHeld();
  const letGo = await world.database.holdConnection(account.name);
  await account.release();
  await taken.sender.untilSpooled();
  await world.database.untilBlocked();
  return { ...taken, letGo };
}

/** The database would go on with a statement that waits, though nobody waits for it any more. */
async function killBeforeCommit(sender: Replica, letGo: LetGo): Promise<void> {
  await sender.kill();
  await world.database.endBlocked();
  await letGo();
}

beforeAll(async () => {
  world = await startWorld({ replicas: 2 });
});

afterEach(async () => {
  for (const replica of world.replicas.filter(({ isRunning }) => !isRunning)) {
    await replica.start();
  }
});

afterAll(async () => {
  await world.end();
});

describe('a replica that is killed after the answer was spooled, before it is committed', () => {
  it('should adopt it at its next start: nothing is lost, and nobody sends again', async () => {
    const account = await world.account('spooled', 'strict');
    const { sender, letGo } = await untilSpooled(account);
    await killBeforeCommit(sender, letGo);
    expect((await account.record()).requests).toMatchObject([{ consumed: true, delivered: true }]);
    expect((await world.database.connection(account.name)).generation).toBe(1);

    await sender.start();
    await world.database.untilGeneration(account.name, 2);
    await sender.untilSpoolEmpty();
    const { alive, reuses, requests } = await account.record();
    expect({ alive, reuses }).toEqual({ alive: true, reuses: [] });
    expect(requests).toHaveLength(1);
    expect((await world.database.connection(account.name)).state).toBe('active');
    expect((await account.refreshNow(sender)).body['outcome']).toBe('ok');
    expect(await isUnavoidablyLost(world, account)).toBe(false);
  });

  it('should find it to be a spare where the other had the time to repeat within the grace', async () => {
    const account = await world.account('spooled-grace', 'grace', { graceSeconds: 20 });
    const { sender, letGo } = await untilSpooled(account);
    await killBeforeCommit(sender, letGo);
    await world.database.untilGeneration(account.name, 2);

    await sender.start();
    await sender.untilSpoolEmpty();
    expect(await world.database.spares(account.name)).toBe(1);
    expect((await account.record()).requests.map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
    expect((await account.refreshNow(sender)).body['outcome']).toBe('ok');
    const { alive, reuses } = await account.record();
    expect({ alive, reuses }).toEqual({ alive: true, reuses: [] });
  });

  it('should keep the answer for as long as it stays away: the other sends nothing in the meantime', async () => {
    const account = await world.account('spooled-away', 'strict');
    const { sender, others, letGo } = await untilSpooled(account);
    await killBeforeCommit(sender, letGo);

    await pass(LONG_ENOUGH_MS);
    expect((await account.record()).requests).toHaveLength(1);
    const [survivor] = others;
    expect(await account.ask(survivor ?? world.one)).toMatchObject({ status: 200, body: { generation: 1 } });
    await sender.start();
    await world.database.untilGeneration(account.name, 2);
    expect((await account.record()).requests).toHaveLength(1);
    expect((await account.outcomes()).at(-1)).toBe('ok');
  });
});
