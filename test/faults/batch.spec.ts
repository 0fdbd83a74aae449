import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { until } from '../harness/brokers/index.js';
import { type Account, startWorld, type World } from '../harness/world.js';

jest.setTimeout(60_000);

let world: World;

beforeAll(async () => {
  world = await startWorld({ replicas: 2 });
});

afterAll(async () => {
  await world.end();
});

/** Kills a replica whose adoption is committed, while the batch that holds its outcome is on its way. */
async function killInBatch(name: string, fate: 'lost' | 'committed'): Promise<Account> {
  const account = await world.account(name, 'strict');
  await world.upstream.fault({ kind: 'hold', grantId: account.grant.grantId });
  const { sender } = await account.untilTaken();
  await account.untilHeld();
  const letGo = await world.database.holdAudit();
  await account.release();
  await world.database.untilGeneration(account.name, 2);
  await world.database.untilBlocked();
  await sender.kill();
  await (fate === 'lost' ? world.database.endBlocked() : undefined);
  await letGo();
  await sender.start();
  return account;
}

async function actionsOf(account: Account): Promise<readonly string[]> {
  await until('the log is completed', async () => (await account.attempts()).every(isRecorded), 30_000);
  return (await world.database.refreshEvents(account.name)).map(({ action }) => action);
}

describe('a replica that is killed in the middle of an audit batch', () => {
  it('should have its adoption kept, and its outcome in the log', async () => {
    const lost = await killInBatch('lost', 'lost');
    const committed = await killInBatch('committed', 'committed');

    expect(await actionsOf(lost)).toEqual(['refresh.started', 'refresh.succeeded']);
    // Where the row was committed and nobody was left to note it, it may be written again: the log repeats itself, and never omits.
    expect(new Set(await actionsOf(committed))).toEqual(new Set(['refresh.started', 'refresh.succeeded']));
    for (const account of [lost, committed]) {
      expect(await account.outcomes()).toEqual(['ok']);
      const { requests, alive } = await account.record();
      expect(requests).toHaveLength(1);
      expect(alive).toBe(true);
    }
  });
});

const isRecorded = ({ recorded }: { readonly recorded: boolean }): boolean => recorded;
