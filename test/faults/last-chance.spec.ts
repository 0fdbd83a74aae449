import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startWorld, type World } from '../harness/world.js';
import { expectKept, faulted, pass, requestsOf } from '../support/fault-broker-accounts.js';

jest.setTimeout(60_000);

let world: World;

beforeAll(async () => {
  world = await startWorld({ replicas: 2 });
});

afterAll(async () => {
  await world.end();
});

describe('the last chance of a strict account whose outcome is not known', () => {
  it('should be one try when the old token is worth nothing any more, and the end where the provider refuses', async () => {
    const account = await faulted(world, 'lost', 'strict');
    await world.database.untilState(account.name, 'uncertain');
    await world.database.expireIn(account.name, 5);
    await world.database.makeDue(account.name);
    await world.database.untilState(account.name, 'reauthorization_required');
    await pass(1500);
    expect(await requestsOf(account)).toEqual(['token ok', 'token invalid_grant']);
    await world.database.expireIn(account.name, -1);
    const answers = await Promise.all(world.replicas.map((replica) => account.ask(replica)));
    expect(answers.map(({ status, body }) => [status, body['code']])).toEqual(
      answers.map(() => [409, 'reauthorization_required']),
    );
    expect(await requestsOf(account)).toHaveLength(2);
  });

  it('should save the account where the provider had never seen the first request', async () => {
    const account = await faulted(world, 'cut_before', 'strict');
    await world.database.untilState(account.name, 'uncertain');
    await world.database.expireIn(account.name, 5);
    await world.database.makeDue(account.name);
    await world.database.untilGeneration(account.name, 2);
    expect(await requestsOf(account)).toEqual(['token null', 'token ok']);
    await expectKept(world, account);
  });

  it('should not be tried inside the zombie window: the first copy of the request may still come', async () => {
    const account = await faulted(world, 'late', 'strict', { ms: 1500 });
    await world.database.untilState(account.name, 'uncertain');
    await world.database.expireIn(account.name, 30);
    await world.database.makeDue(account.name);
    await pass(1200);
    expect((await account.record()).requests).toHaveLength(1);
  });
});
