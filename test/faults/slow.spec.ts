import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startWorld, type World } from '../harness/world.js';
import { expectKept, faulted, requestsOf } from '../support/fault-broker-accounts.js';

jest.setTimeout(60_000);

/** Beyond the patience of callers, several leases long, within what a sender listens. */
const SLOW_MS = 2500;

let world: World;

beforeAll(async () => {
  world = await startWorld({ replicas: 2, timing: { patienceMs: 1000, leaseMs: 600 } });
});

afterAll(async () => {
  await world.end();
});

describe('an answer that is slower than the patience of callers and longer than a lease', () => {
  it.each(['strict', 'grace', 'static'] as const)(
    'should be adopted by its sender, whose lease is kept up: one request on a %s account',
    async (kind) => {
      const accounts = await Promise.all([
        faulted(world, 'slow', kind, { ms: SLOW_MS }),
        faulted(world, 'slow', kind, { ms: SLOW_MS, introspection: true }),
      ]);
      // Side by side: each caller's patience is to end before the slow answer comes.
      const asked = accounts.map(async (account) => {
        await account.untilSeen();
        const answers = await Promise.all(world.replicas.map((replica) => account.ask(replica)));
        expect(answers.map(({ status, body }) => [status, body['access_token']])).toEqual(
          answers.map(() => [200, account.grant.accessToken]),
        );
      });
      await Promise.all(asked);
      for (const account of accounts) {
        await world.database.untilGeneration(account.name, 2);
        expect(await requestsOf(account)).toEqual(['token ok']);
        await expectKept(world, account);
      }
    },
  );

  it('should be asked for again by callers who have no old token, and be theirs then', async () => {
    const account = await world.account('first', 'strict', { token: false });
    await world.database.untilGeneration(account.name, 2);
    await world.database.expireIn(account.name, -1);
    await world.upstream.fault({ kind: 'slow', grantId: account.grant.grantId, ms: SLOW_MS });
    const answers = await Promise.all(world.replicas.map((replica) => account.ask(replica)));
    expect(answers.map(({ status, body }) => [status, body['code']])).toEqual(
      answers.map(() => [504, 'refresh_pending']),
    );
    await world.database.untilGeneration(account.name, 3);
    expect(await account.ask(world.one)).toMatchObject({ status: 200, body: { generation: 3 } });
    expect(await requestsOf(account)).toEqual(['token ok', 'token ok']);
  });
});
