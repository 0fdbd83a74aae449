import { expect } from '@jest/globals';
import type { FaultKind, UpstreamKind } from '../harness/upstream/index.js';
import type { Account, World } from '../harness/world.js';

/** Long enough for any test: a repeat stays safe on a `grace` account. */
const GRACE_SECONDS = 20;

let made = 0;

export interface FaultedOptions {
  readonly introspection?: boolean;
  /** For faults that take a time. */
  readonly ms?: number;
}

/** Resolves after so many milliseconds: what must not happen has had the time to. */
export const pass = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/** An account that is due, and whose next refresh meets this fault. */
export async function faulted(
  world: World,
  fault: FaultKind,
  kind: UpstreamKind,
  { introspection = false, ms }: FaultedOptions = {},
): Promise<Account> {
  made += 1;
  const name = `${fault.replaceAll('_', '-')}-${kind}-${made}`;
  const account = await world.account(name, kind, { introspection, graceSeconds: GRACE_SECONDS });
  await world.upstream.fault({ kind: fault, grantId: account.grant.grantId, ...(ms === undefined ? {} : { ms }) });
  await account.makeDue();
  return account;
}

/** Every request of an account that the front door read, with what the OAuth server said to it: null where it never saw it. */
export const requestsOf = async (account: Account): Promise<readonly string[]> =>
  (await account.record()).requests.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`);

/** Whether nobody could have kept the account: what it lives on went out only in answers that never arrived. */
export const isUnavoidablyLost = async (world: World, { grant }: Account): Promise<boolean> =>
  (await world.upstream.smallestPossibleLoss()).some(({ grantId }) => grantId === grant.grantId);

/** What is true of an account that was not lost: its connection is in order, and what it holds works at the upstream. */
export async function expectKept(world: World, account: Account, replica = world.one): Promise<void> {
  const { name } = account;
  const { state, generation } = await world.database.connection(name);
  expect({ name, state, generation }).toEqual({ name, state: 'active', generation: 2 });
  const { body } = await account.refreshNow(replica);
  expect({ name, outcome: body['outcome'] }).toEqual({ name, outcome: 'ok' });
  const { reuses, alive } = await account.record();
  expect({ name, reuses, alive }).toEqual({ name, reuses: [], alive: true });
  expect(await isUnavoidablyLost(world, account)).toBe(false);
}
