import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { until } from '../harness/brokers/index.js';
import { startWorld, type World } from '../harness/world.js';
import { pass } from '../support/fault-broker-accounts.js';

jest.setTimeout(60_000);

/** Longer than the zombie window and several leases: whoever wants to send by mistake has had the time. */
const LONG_ENOUGH_MS = 4500;

let world: World;

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

describe('a replica that is killed after it wrote down its intent, before a byte is sent', () => {
  it.each(['strict', 'grace', 'static'] as const)(
    'should leave a %s refresh to the other, which sends once',
    async (kind) => {
      const account = await world.account(`intent-${kind}`, kind);
      const letGo = await world.database.holdAudit();
      const { sender } = await account.untilTaken();
      await sender.kill();
      await letGo();

      await world.database.untilGeneration(account.name, 2);
      expect(await account.outcomesOfSent()).toEqual(['abandoned', 'ok']);
      const { requests, alive, reuses } = await account.record();
      expect(requests.map(({ outcome }) => outcome)).toEqual(['ok']);
      expect({ alive, reuses }).toEqual({ alive: true, reuses: [] });
    },
  );
});

describe('a replica that is killed after it sent, before the answer comes', () => {
  it('should cost a strict connection its refresh token and nothing else: nobody sends again, the old token is served', async () => {
    const account = await world.account('sent-strict', 'strict');
    await world.upstream.fault({ kind: 'hold', grantId: account.grant.grantId });
    const { sender, others } = await account.untilTaken();
    await account.untilHeld();
    await sender.kill();
    await account.release();

    await world.database.untilState(account.name, 'uncertain');
    await pass(LONG_ENOUGH_MS);
    const record = await account.record();
    expect(record.requests).toMatchObject([{ outcome: 'ok', consumed: true, delivered: false }]);
    expect(record.reuses).toEqual([]);
    expect((await world.upstream.smallestPossibleLoss()).map(({ grantId }) => grantId)).toContain(
      account.grant.grantId,
    );
    const [survivor] = others;
    const answer = await account.ask(survivor ?? world.one);
    expect(answer).toMatchObject({ status: 200, body: { access_token: account.grant.accessToken } });
    expect(answer.body['warnings']).toContainEqual(expect.objectContaining({ code: 'outcome_unknown' }));
    expect(await account.firstTokenAlive()).toBe(true);
  });

  it('should be repaired by looking where the provider tells that the refresh token was never used', async () => {
    const account = await world.account('sent-unused', 'strict', { introspection: true });
    await world.upstream.fault({ kind: 'black_hole', grantId: account.grant.grantId });
    const { sender } = await account.untilTaken();
    await account.untilSeen();
    await sender.kill();

    await world.database.untilGeneration(account.name, 2);
    const { requests, alive, reuses } = await account.record();
    expect(requests.map(({ endpoint, outcome }) => [endpoint, outcome])).toEqual([
      ['token', null],
      ['introspection', 'active'],
      ['token', 'ok'],
    ]);
    expect({ alive, reuses }).toEqual({ alive: true, reuses: [] });
    expect((await world.database.connection(account.name)).state).toBe('active');
  });

  it.each(['grace', 'static'] as const)(
    'should be repaired by the other for a %s connection, whose repeat is safe',
    async (kind) => {
      const account = await world.account(`sent-${kind}`, kind, { graceSeconds: 20 });
      await world.upstream.fault({ kind: 'hold', grantId: account.grant.grantId });
      const { sender, others } = await account.untilTaken();
      await account.untilHeld();
      await sender.kill();
      await account.release();

      await world.database.untilGeneration(account.name, 2);
      // Only the end of a connection shows that an answer arrived, and one that may be shared stands for a while.
      await until('it shows what arrived', async () => {
        const { requests } = await account.record();
        return requests.every(({ delivered }) => delivered !== null);
      });
      const { requests, alive, reuses } = await account.record();
      expect(requests.map(({ outcome, delivered }) => [outcome, delivered])).toEqual([
        ['ok', false],
        ['ok', true],
      ]);
      expect({ alive, reuses }).toEqual({ alive: true, reuses: [] });
      expect((await account.outcomesOfSent()).slice(0, 2)).toEqual(['abandoned', 'ok']);
      const [survivor] = others;
      expect((await account.refreshNow(survivor ?? world.one)).body['outcome']).toBe('ok');
    },
  );
});
