import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { reportRejected, until } from '../harness/brokers/index.js';
import { reconcile } from '../harness/brokers-reconcile.js';
import { OwnPostgres } from '../harness/postgres/own-postgres.js';
import { Standby } from '../harness/postgres/standby.js';
import { type Account, startWorld, type World } from '../harness/world.js';
import { isUnavoidablyLost, pass } from '../support/fault-broker-accounts.js';

jest.setTimeout(90_000);

/** So many generations the standby lags behind. */
const GENERATIONS = 3;
/** Longer than the zombie window and several back-offs. */
const LONG_ENOUGH_MS = 3000;

let folder: string;
let postgres: OwnPostgres;
let standby: Standby;
let world: World;
let strict: Account;
let grace: Account;
/** Its refresh is under way while the servers change. */
let flying: Account;
let idle: Account;
let repeatable: Account;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claviger-standby-'));
  postgres = await OwnPostgres.start(join(folder, 'primary'));
  standby = await Standby.start(postgres, join(folder, 'standby'));
  world = await startWorld({ replicas: 2, databaseUrl: postgres.url });
  strict = await world.account('strict', 'strict');
  grace = await world.account('grace', 'grace', { graceSeconds: 1 });
  flying = await world.account('flying', 'strict');
  idle = await world.account('idle', 'strict');
  repeatable = await world.account('repeatable', 'static');
});

afterAll(async () => {
  await world.end();
  await postgres.end();
  await rm(folder, { recursive: true, force: true });
});

const rotating = (): readonly Account[] => [strict, grace, flying, idle];

const refreshAll = async (accounts: readonly Account[], replica = world.one): Promise<void> => {
  for (const account of accounts) {
    expect((await account.refreshNow(replica)).body['outcome']).toBe('ok');
  }
};

async function expectEachTokenSentOnce(): Promise<void> {
  for (const account of rotating()) {
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

describe('a streaming standby that lagged, promoted under running brokers', () => {
  it('should be noticed by them: no refresh token that may be consumed is sent, whoever asks', async () => {
    await refreshAll([...rotating(), repeatable]);
    await standby.untilCaughtUp();
    await standby.partition();
    for (let generation = 1; generation <= GENERATIONS; generation += 1) {
      await refreshAll([strict, grace, flying, repeatable], world.replicas[generation % 2]);
    }
    await world.upstream.fault({ kind: 'hold', grantId: flying.grant.grantId });
    await flying.makeDue();
    await flying.untilHeld();
    await standby.takeOver();
    await flying.release();

    await until('the quarantine is recorded', async () => {
      const rows = await world.database
        .rows(`select from audit_events where action = 'database.restored'`)
        .catch(() => []);
      return rows.length > 0;
    });
    await world.database.makeDue(...[...rotating(), repeatable].map(({ name }) => name));
    const answers = await Promise.all(
      rotating().flatMap((account) => [
        reportRejected(world.one, account.name, account.name, 2),
        account.refreshNow(world.replicas[1] ?? world.one),
      ]),
    );
    expect(new Set(answers.map(({ status, body }) => `${status} ${String(body['code'])}`))).toEqual(
      new Set(['409 conflict']),
    );
    await pass(LONG_ENOUGH_MS);
    for (const account of rotating()) {
      const { state, state_reason: reason, generation } = await world.database.connection(account.name);
      expect({ state, reason, generation }).toEqual({ state: 'uncertain', reason: 'database_restored', generation: 2 });
    }
    const sent = await Promise.all(rotating().map(async (account) => (await account.record()).requests.length));
    expect(sent).toEqual([GENERATIONS + 1, GENERATIONS + 1, GENERATIONS + 2, 1]);
    await expectEachTokenSentOnce();
  });

  it('should go on serving the tokens that it holds, which are alive, and refreshing what may be repeated', async () => {
    for (const account of rotating()) {
      const answers = await Promise.all(world.replicas.map((replica) => account.ask(replica)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      for (const { body } of answers) {
        expect(await world.upstream.accessTokenAlive(String(body['access_token']))).toBe(true);
      }
    }
    await world.database.untilGeneration(repeatable.name, 3);
    expect((await world.database.connection(repeatable.name)).state).toBe('active');
  });

  it('should be brought back by one command from the spools of the replicas: every account is alive and in order', async () => {
    const spools = world.replicas.map(({ options }) => options.spoolDir);
    const { code, text } = await reconcile(world.one, { spools });
    process.stdout.write(text);
    expect(code).toBe(0);
    const held = await Promise.all(rotating().map(({ name }) => world.database.connection(name)));
    expect(held.map(({ state, generation }) => [state, generation])).toEqual([
      ['active', GENERATIONS + 2],
      ['active', GENERATIONS + 2],
      ['active', GENERATIONS + 3],
      ['active', 2],
    ]);
    await refreshAll([...rotating(), repeatable], world.replicas[1]);
    await expectEachTokenSentOnce();
    await refreshAll([...rotating(), repeatable]);
    await expectEachTokenSentOnce();
  });
});
