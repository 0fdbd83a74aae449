import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { until } from '../harness/brokers/index.js';
import { startWorld, type World } from '../harness/world.js';
import { pass } from '../support/fault-broker-accounts.js';

jest.setTimeout(60_000);

const LEASE_MS = 800;
const FOUR_LEASES_MS = 4 * LEASE_MS;

let world: World;

beforeAll(async () => {
  world = await startWorld({ replicas: 2, timing: { leaseMs: LEASE_MS, sendWithinMs: 400 } });
});

afterEach(() => {
  world.replicas.forEach((replica) => replica.thaw());
});

afterAll(async () => {
  await world.end();
});

describe('a replica that is frozen between its lease and the send', () => {
  it.each(['strict', 'grace', 'static'] as const)(
    'should find on waking that another has refreshed the %s connection, and send nothing',
    async (kind) => {
      const account = await world.account(`intent-${kind}`, kind);
      const letGo = await world.database.holdAudit();
      const { sender } = await account.untilTaken();
      sender.freeze();
      await letGo();
      await pass(FOUR_LEASES_MS);
      await world.database.untilGeneration(account.name, 2);
      sender.thaw();

      const outcomes = async (): Promise<string> => (await account.outcomes()).join();
      await until('the one that woke says that it sent nothing', async () => (await outcomes()) === 'not_sent,ok');
      await pass(LEASE_MS);
      const { requests, alive, reuses } = await account.record();
      expect(requests.map(({ outcome }) => outcome)).toEqual(['ok']);
      expect({ alive, reuses }).toEqual({ alive: true, reuses: [] });
    },
  );

  it('should not send on waking even where it had the last word before, and nobody else sends meanwhile', async () => {
    const account = await world.account('last-word', 'strict');
    const letAuditGo = await world.database.holdAudit();
    const { sender } = await account.untilTaken();
    const letConnectionGo = await world.database.holdConnection(account.name);
    await letAuditGo();
    await world.database.untilBlocked();
    sender.freeze();
    await letConnectionGo();
    await until('the last word is written', async () => (await account.attempts())[0]?.sent_at !== null);
    await pass(FOUR_LEASES_MS);
    expect((await account.record()).requests).toEqual([]);
    sender.thaw();

    await world.database.untilGeneration(account.name, 2);
    const { requests, alive, reuses } = await account.record();
    expect(requests.map(({ outcome }) => outcome)).toEqual(['ok']);
    expect({ alive, reuses }).toEqual({ alive: true, reuses: [] });
    expect((await account.attempts())[0]?.outcome).toBe('not_sent');
  });
});

describe('a replica that is frozen after the send', () => {
  it('should adopt its late answer on waking; nobody else has sent, and the old token was served', async () => {
    const account = await world.account('sent-strict', 'strict');
    await world.upstream.fault({ kind: 'hold', grantId: account.grant.grantId });
    const { sender, others } = await account.untilTaken();
    await account.untilHeld();
    sender.freeze();
    await account.release();
    await pass(FOUR_LEASES_MS);
    const [other] = others;
    const served = await account.ask(other ?? world.one);
    expect(served).toMatchObject({ status: 200, body: { access_token: account.grant.accessToken, generation: 1 } });
    expect((await account.record()).requests).toMatchObject([{ outcome: 'ok', delivered: null }]);
    sender.thaw();

    await world.database.untilGeneration(account.name, 2);
    expect((await world.database.connection(account.name)).state).toBe('active');
    expect(await account.outcomes()).toEqual(['ok']);
    const { requests, alive, reuses } = await account.record();
    expect(requests).toHaveLength(1);
    expect({ alive, reuses }).toEqual({ alive: true, reuses: [] });
    expect((await account.refreshNow(other ?? world.one)).body['outcome']).toBe('ok');
  });

  it('should adopt a late answer even after the zombie window, over `uncertain`', async () => {
    const account = await world.account('sent-late', 'strict');
    await world.upstream.fault({ kind: 'hold', grantId: account.grant.grantId });
    const { sender } = await account.untilTaken();
    await account.untilHeld();
    sender.freeze();
    await account.release();
    await world.database.untilState(account.name, 'uncertain');
    await pass(FOUR_LEASES_MS);
    sender.thaw();

    const { state } = await world.database.untilGeneration(account.name, 2);
    expect(state).toBe('active');
    const { requests, alive } = await account.record();
    expect(requests).toHaveLength(1);
    expect(alive).toBe(true);
  });

  it('should adopt a late answer even where another has asked meanwhile, and called for a person: a fact beats a guess', async () => {
    const account = await world.account('sent-asked', 'strict', { introspection: true });
    await world.upstream.fault({ kind: 'hold', grantId: account.grant.grantId });
    const { sender } = await account.untilTaken();
    await account.untilHeld();
    sender.freeze();
    await account.release();
    await world.database.untilState(account.name, 'reauthorization_required');
    sender.thaw();

    const { state } = await world.database.untilGeneration(account.name, 2);
    expect(state).toBe('active');
    const { requests, alive } = await account.record();
    expect(requests.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`)).toEqual([
      'token ok',
      'introspection inactive',
    ]);
    expect(alive).toBe(true);
    expect((await account.refreshNow(sender)).body['outcome']).toBe('ok');
  });

  it('should have its late answer kept as a spare where another refreshed within the grace', async () => {
    const account = await world.account('sent-grace', 'grace', { graceSeconds: 20 });
    await world.upstream.fault({ kind: 'hold', grantId: account.grant.grantId });
    const { sender } = await account.untilTaken();
    await account.untilHeld();
    sender.freeze();
    await account.release();
    await world.database.untilGeneration(account.name, 2);
    sender.thaw();

    await until('the late answer is a spare', async () => (await world.database.spares(account.name)) === 1);
    expect((await world.database.connection(account.name)).generation).toBe(2);
    const { requests, alive, reuses } = await account.record();
    expect(requests.map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
    expect({ alive, reuses }).toEqual({ alive: true, reuses: [] });
    expect((await account.refreshNow(world.one)).body['outcome']).toBe('ok');
  });
});
