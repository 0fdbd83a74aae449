import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Account, startWorld, type World } from '../harness/world.js';
import { expectKept, pass } from '../support/fault-broker-accounts.js';

jest.setTimeout(60_000);

const YEAR_SECONDS = 365 * 86_400;
const CLAMPED = 'A provider stated an impossible lifetime; it was clamped.';
/** Whoever were to refresh at once, again and again, has had the time for many. */
const LONG_ENOUGH_MS = 3000;

/** What `expires_in` is, between which seconds the token's life is then taken to be, and whether it is flagged. */
const CASES: readonly (readonly [name: string, value: unknown, least: number, most: number, flagged: boolean])[] = [
  // Some write zero where they mean nothing: it counts as absent.
  ['zero', 0, 300, 86_400, false],
  ['negative', -3600, 30, 3600, true],
  ['barely-negative', -0.001, 30, 3600, true],
  ['tiny', 1e-9, 0, 3600, true],
  ['word', 'soon', 30, 3600, true],
  ['empty', '', 30, 3600, true],
  ['nan-text', 'NaN', 30, 3600, true],
  ['infinite-text', 'Infinity', 30, YEAR_SECONDS, true],
  ['absurd', 1e18, 3600, YEAR_SECONDS, true],
  ['absurd-text', '9'.repeat(400), 3600, YEAR_SECONDS, true],
  ['object', {}, 30, 3600, true],
  ['list', [], 30, 3600, true],
  ['truth', true, 30, 3600, true],
  ['absent', undefined, 300, 86_400, false],
  ['null', null, 300, 86_400, false],
  ['text', '1200', 1190, 1200, false],
  ['fraction', 1200.9, 1190, 1200, false],
  ['exponent', '1.2e3', 1190, 1200, false],
];

let world: World;
let accounts: ReadonlyMap<string, Account>;

beforeAll(async () => {
  world = await startWorld({ replicas: 2 });
  const made = new Map<string, Account>();
  for (const [name, value] of CASES) {
    const account = await world.account(name, 'strict');
    await world.upstream.fault({ kind: 'nonsense_expiry', grantId: account.grant.grantId, value });
    made.set(name, account);
  }
  accounts = made;
  await world.database.makeDue(...made.keys());
  await Promise.all([...made.keys()].map((name) => world.database.untilGeneration(name, 2)));
  await pass(LONG_ENOUGH_MS);
});

afterAll(async () => {
  await world.end();
});

describe('an answer whose `expires_in` is nonsense', () => {
  it.each(CASES)(
    'should be adopted once, and its life be believable: %s',
    async (name, _value, least, most, flagged) => {
      const account = accounts.get(name) as Account;
      const [row] = await world.database.rows<{ lives: number; wait: number; generation: number; state: string }>(
        `select extract(epoch from token_expires_at - token_issued_at)::float8 as lives, generation, state,
         extract(epoch from refresh_at - token_issued_at)::float8 as wait from connections where name = $1`,
        [name],
      );
      expect(row).toMatchObject({ generation: 2, state: 'active' });
      expect(row?.lives).toBeGreaterThanOrEqual(least - 6);
      expect(row?.lives).toBeLessThanOrEqual(most);
      expect(row?.wait).toBeGreaterThanOrEqual(LONG_ENOUGH_MS / 1000);
      expect((await account.record()).requests).toHaveLength(1);
      const told = world
        .output()
        .split('\n')
        .filter((line) => line.includes(CLAMPED) && line.includes(`"${name}"`));
      expect({ name, flagged: told.length }).toEqual({ name, flagged: flagged ? 1 : 0 });
      expect(await account.ask(world.one)).toMatchObject({ status: 200, body: { generation: 2 } });
      await expectKept(world, account);
    },
  );
});
