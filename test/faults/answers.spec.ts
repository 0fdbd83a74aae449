import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startWorld, type World } from '../harness/world.js';
import { expectKept, faulted, isUnavoidablyLost, pass, requestsOf } from '../support/fault-broker-accounts.js';

jest.setTimeout(60_000);

/** Longer than the zombie window and several back-offs. */
const LONG_ENOUGH_MS = 3500;
/** When a request that a proxy kept comes after all: after a back-off, inside the zombie window. */
const LATE_MS = 1000;

let world: World;

beforeAll(async () => {
  world = await startWorld({ replicas: 2 });
});

afterAll(async () => {
  await world.end();
});

/** Consumed, and the answer went nowhere. */
const GONE = ['lost', 'truncated', 'bad_gateway', 'late'] as const;

describe.each(GONE)('an answer that is gone after the provider acted (%s)', (fault) => {
  it('should cost a strict account no second request, and never its old token', async () => {
    const account = await faulted(world, fault, 'strict', { ms: LATE_MS });
    await world.database.untilState(account.name, 'uncertain');
    await pass(LONG_ENOUGH_MS);

    expect(await requestsOf(account)).toEqual(['token ok']);
    expect((await account.record()).reuses).toEqual([]);
    expect(await isUnavoidablyLost(world, account)).toBe(true);
    expect(await account.firstTokenAlive()).toBe(true);
    const answer = await account.ask(world.one);
    expect(answer).toMatchObject({ status: 200, body: { access_token: account.grant.accessToken } });
    expect(answer.body['warnings']).toContainEqual(expect.objectContaining({ code: 'outcome_unknown' }));
  });

  it('should be looked into where the provider can be asked: a person is called, and the old token is not killed', async () => {
    const account = await faulted(world, fault, 'strict', { ms: LATE_MS, introspection: true });
    await world.database.untilState(account.name, 'reauthorization_required');

    expect(await requestsOf(account)).toEqual(['token ok', 'introspection inactive']);
    expect((await account.record()).reuses).toEqual([]);
    expect(await account.firstTokenAlive()).toBe(true);
    expect(await isUnavoidablyLost(world, account)).toBe(true);
  });

  it('should be had again where a repeat is safe', async () => {
    const accounts = await Promise.all([
      faulted(world, fault, 'grace', { ms: LATE_MS }),
      faulted(world, fault, 'grace', { ms: LATE_MS, introspection: true }),
      faulted(world, fault, 'static', { ms: LATE_MS }),
      faulted(world, fault, 'static', { ms: LATE_MS, introspection: true }),
    ]);
    await Promise.all(accounts.map(({ name }) => world.database.untilGeneration(name, 2)));
    await pass(fault === 'late' ? LATE_MS : 0);
    for (const account of accounts) {
      expect(await requestsOf(account)).toEqual(['token ok', 'token ok']);
      await expectKept(world, account);
    }
  });
});

describe('a request that was cut off before the provider saw it', () => {
  it('should be repeated where the provider says that its refresh token is unused', async () => {
    const account = await faulted(world, 'cut_before', 'strict', { introspection: true });
    await world.database.untilGeneration(account.name, 2);
    expect(await requestsOf(account)).toEqual(['token null', 'introspection active', 'token ok']);
    await expectKept(world, account);
  });

  it('should not be repeated on a guess: a strict account waits with its old token', async () => {
    const account = await faulted(world, 'cut_before', 'strict');
    await world.database.untilState(account.name, 'uncertain');
    await pass(LONG_ENOUGH_MS);
    expect(await requestsOf(account)).toEqual(['token null']);
    expect(await account.ask(world.one)).toMatchObject({ status: 200, body: { generation: 1 } });
  });
});
