import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { reportRejected, until } from '../harness/brokers/index.js';
import { reconcile } from '../harness/brokers-reconcile.js';
import { DatabaseDump } from '../harness/postgres/database-dump.js';
import { type Account, startWorld, type World } from '../harness/world.js';
import { isUnavoidablyLost, pass, requestsOf } from '../support/fault-broker-accounts.js';

jest.setTimeout(60_000);

/** So many generations older is the dump than what the provider knows. */
const GENERATIONS = 3;
/** Longer than the zombie window and several back-offs. */
const LONG_ENOUGH_MS = 3000;

let world: World;
let dump: DatabaseDump;
/** Refreshed after the dump: what it holds of them is consumed. */
let strict: Account;
let grace: Account;
let asked: Account;
/** Not refreshed since. */
let idle: Account;
let repeatable: Account;

beforeAll(async () => {
  world = await startWorld({ replicas: 2 });
  dump = new DatabaseDump(world.database.url);
  strict = await world.account('strict', 'strict');
  grace = await world.account('grace', 'grace', { graceSeconds: 1 });
  asked = await world.account('asked', 'strict', { introspection: true });
  idle = await world.account('idle', 'strict');
  repeatable = await world.account('repeatable', 'static');
});

afterAll(async () => {
  await world.end();
  await dump.remove();
});

const used = (): readonly Account[] => [strict, grace, asked];
const all = (): readonly Account[] => [...used(), idle, repeatable];

const refreshAll = async (accounts: readonly Account[], replica = world.one): Promise<void> => {
  for (const account of accounts) {
    expect((await account.refreshNow(replica)).body['outcome']).toBe('ok');
  }
};

const startAll = async (): Promise<void> => {
  for (const replica of world.replicas) {
    await replica.start();
  }
};

async function expectEachTokenSentOnce(): Promise<void> {
  for (const account of [...used(), idle]) {
    const { sends, reuses, alive } = await account.record();
    expect({ name: account.name, most: Math.max(...Object.values(sends)), reuses, alive }).toEqual({
      name: account.name,
      most: 1,
      reuses: [],
      alive: true,
    });
    expect(await isUnavoidablyLost(world, account)).toBe(false);
  }
}

describe(`a dump that is ${GENERATIONS} generations old, restored`, () => {
  it('should be noticed by the replicas: nothing that can be used once is sent, whoever asks for it', async () => {
    await refreshAll(all());
    await Promise.all(world.replicas.map((replica) => replica.stop()));
    await dump.take();
    await startAll();
    for (let generation = 1; generation <= GENERATIONS; generation += 1) {
      await refreshAll([...used(), repeatable], world.replicas[generation % 2]);
    }
    await pass(1000 * grace.grant.graceSeconds);
    await Promise.all(world.replicas.map((replica) => replica.kill()));
    await dump.restore();
    await startAll();

    await until('the quarantine is recorded', async () => {
      const rows = await world.database.rows(`select from audit_events where action = 'database.restored'`);
      return rows.length > 0;
    });
    await world.database.makeDue(...all().map(({ name }) => name));
    const answers = await Promise.all(
      [strict, grace, idle].flatMap((account) => [
        reportRejected(world.one, account.name, account.name, 2),
        account.refreshNow(world.replicas[1] ?? world.one),
      ]),
    );
    expect(new Set(answers.map(({ status, body }) => `${status} ${String(body['code'])}`))).toEqual(
      new Set(['409 conflict']),
    );
    await pass(LONG_ENOUGH_MS);
    for (const account of [strict, grace, idle]) {
      expect((await account.record()).requests).toHaveLength(account === idle ? 1 : GENERATIONS + 1);
      const { state, state_reason: reason, generation } = await world.database.connection(account.name);
      expect({ state, reason, generation }).toEqual({ state: 'uncertain', reason: 'database_restored', generation: 2 });
    }
    await expectEachTokenSentOnce();
  });

  it('should go on serving the tokens that it holds, which are alive, and refreshing what may be repeated', async () => {
    for (const account of [strict, grace, idle]) {
      const answers = await Promise.all(world.replicas.map((replica) => account.ask(replica)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      for (const { body } of answers) {
        expect(await world.upstream.accessTokenAlive(String(body['access_token']))).toBe(true);
      }
    }
    await world.database.untilGeneration(repeatable.name, 3);
    expect((await world.database.connection(repeatable.name)).state).toBe('active');
  });

  it('should be looked into where the provider can be asked, and its used token not be sent', async () => {
    await world.database.untilState(asked.name, 'reauthorization_required');
    expect((await requestsOf(asked)).slice(GENERATIONS + 1)).toEqual(['introspection inactive']);
  });

  it('should be brought back by one command from the spools of the replicas: every account is alive and in order', async () => {
    const spools = world.replicas.map(({ options }) => options.spoolDir);
    const { code, text } = await reconcile(world.one, { spools });
    process.stdout.write(text);
    expect(code).toBe(0);
    for (const account of [...used(), idle]) {
      const { state, generation } = await world.database.connection(account.name);
      expect({ name: account.name, state, generation }).toEqual({
        name: account.name,
        state: 'active',
        generation: account === idle ? 2 : GENERATIONS + 2,
      });
    }
    await refreshAll(all(), world.replicas[1]);
    await expectEachTokenSentOnce();
    await refreshAll(all());
    await expectEachTokenSentOnce();
  });
});
