import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { NO_SCHEDULER, type Replica, reportRejected, until } from '../harness/brokers/index.js';
import { type Account, startWorld, type World } from '../harness/world.js';
import { expectKept, pass, requestsOf } from '../support/fault-broker-accounts.js';

jest.setTimeout(60_000);

const TEN_MINUTES_MS = 600_000;
const ZOMBIE_MS = 2000;
/** The window is counted from the send; the first request may take longer to arrive than the second. */
const ON_THE_WAY_MS = 500;
/** With the time of a start, more than is taken off every life for what clocks cannot know (5 s). */
const OLDER_MS = 4000;

let world: World;
let right: Replica;

beforeAll(async () => {
  world = await startWorld({ replicas: 1, timing: { ...NO_SCHEDULER, zombieMs: ZOMBIE_MS } });
  right = world.one;
});

afterAll(async () => {
  await world.end();
});

describe.each([
  ['fast', TEN_MINUTES_MS],
  ['slow', -TEN_MINUTES_MS],
] as const)('a replica whose clock is ten minutes %s, beside one that is right', (word, clockMs) => {
  let wrong: Replica;

  beforeAll(async () => {
    wrong = await world.add({ clockMs, timing: { lookEveryMs: 100 } });
  });

  afterAll(async () => {
    await wrong.kill();
  });

  const nameOf = (what: string): string => `${word}-${what}`;

  /** The answer is on the disk of the wrong replica, and it is killed before it could store it. */
  async function killWithSpooled(account: Account): Promise<void> {
    await world.upstream.fault({ kind: 'hold', grantId: account.grant.grantId });
    await account.makeDue();
    await account.untilHeld();
    const letGo = await world.database.holdConnection(account.name);
    await account.release();
    await wrong.untilSpooled();
    await world.database.untilBlocked();
    await wrong.kill();
    await world.database.endBlocked();
    await letGo();
  }

  it('should renew what is due, and tell the end of the new token as the other does: before it really ends', async () => {
    const account = await world.account(nameOf('renewed'), 'strict');
    await account.makeDue();
    await world.database.untilGeneration(account.name, 2);
    const answers = await Promise.all([right, wrong].map((replica) => account.ask(replica)));
    const [request] = (await account.record()).requests;
    const realEnd = (request?.reachedAt ?? 0) + 3_600_000;
    for (const { status, body } of answers) {
      expect({ status, generation: body['generation'] }).toEqual({ status: 200, generation: 2 });
      expect(Date.parse(String(body['expires_at']))).toBeLessThanOrEqual(realEnd);
      expect(Date.parse(String(body['expires_at']))).toBeGreaterThan(realEnd - 10_000);
      expect(Number(body['expires_in'])).toBeGreaterThan(3580);
    }
    expect(new Set(answers.map(({ body }) => body['expires_at'])).size).toBe(1);
    expect(await requestsOf(account)).toEqual(['token ok']);
  });

  it('should serve a token for as long as it lives, and no longer', async () => {
    const account = await world.account(nameOf('served'), 'strict');
    await world.database.expireIn(account.name, 90);
    expect(await account.ask(wrong, 30)).toMatchObject({ status: 200, body: { generation: 1, source: 'cache' } });
    expect(await requestsOf(account)).toEqual([]);
    await world.database.expireIn(account.name, -1);
    await until('the wrong replica gives a new one', async () => (await account.ask(wrong)).body['generation'] === 2);
    expect(await requestsOf(account)).toEqual(['token ok']);
    await expectKept(world, account);
  });

  it('should wait for the zombie window of what another sent, and look then: neither sooner nor never', async () => {
    const account = await world.account(nameOf('zombie'), 'strict', { introspection: true });
    await world.upstream.fault({ kind: 'cut_before', grantId: account.grant.grantId });
    await reportRejected(right, account.name, account.name, 1);
    await world.database.untilGeneration(account.name, 2);
    expect(await requestsOf(account)).toEqual(['token null', 'introspection active', 'token ok']);
    const { requests } = await account.record();
    expect((requests[1]?.at ?? 0) - (requests[0]?.at ?? 0)).toBeGreaterThanOrEqual(ZOMBIE_MS - ON_THE_WAY_MS);
    await expectKept(world, account);
  });

  it('should repeat within the grace of a provider, and not after it', async () => {
    const [soon, late] = [
      await world.account(nameOf('in-grace'), 'grace', { graceSeconds: 30 }),
      await world.account(nameOf('past-grace'), 'grace', { graceSeconds: 1 }),
    ];
    for (const { grant } of [soon, late]) {
      await world.upstream.fault({ kind: 'lost', grantId: grant.grantId });
    }
    await Promise.all([soon, late].map(({ name }) => reportRejected(right, name, name, 1)));
    await world.database.untilGeneration(soon.name, 2);
    expect(await requestsOf(soon)).toEqual(['token ok', 'token ok']);
    await pass(ZOMBIE_MS);
    const { reuses } = await late.record();
    expect(reuses).toEqual([]);
    expect(await late.firstTokenAlive()).toBe(true);
  });

  it('should find in its spool, after a kill, what it was answered, and adopt it with its true end', async () => {
    const account = await world.account(nameOf('spooled'), 'strict');
    await killWithSpooled(account);
    const [request] = (await account.record()).requests;
    await pass(OLDER_MS);
    await wrong.start();
    const { state, token_expires_at: end } = await world.database.untilGeneration(account.name, 2);
    expect(state).toBe('active');
    const realEnd = (request?.reachedAt ?? 0) + 3_600_000;
    expect(end?.getTime()).toBeLessThanOrEqual(realEnd);
    expect(end?.getTime()).toBeGreaterThan(realEnd - 30_000);
    expect(await requestsOf(account)).toEqual(['token ok']);
    await expectKept(world, account, right);
    expect(await world.database.rows(`select from audit_events where action = 'database.restored'`)).toEqual([]);
  });
});
