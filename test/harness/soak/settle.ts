import { setTimeout as sleep } from 'node:timers/promises';
import { askToken, type BrokersDatabase } from '../brokers/index.js';
import type { Upstream } from '../upstream/index.js';
import type { Account } from './accounts.js';
import { type Standing, takeCensus } from './census.js';
import type { Fleet } from './fleet.js';
import { TIMES } from './times.js';

/** How things stand when brokers have had their time after the last fault. */
export interface Settled {
  readonly seconds: number;
  /** Accounts that were renewed since, and whose token the provider takes. */
  readonly renewed: ReadonlySet<string>;
  /** Accounts that are neither renewed nor given up. */
  readonly unsettled: readonly Standing[];
}

const GIVEN_UP: ReadonlySet<string> = new Set(['reauthorization_required', 'misconfigured', 'paused']);
/** An attempt that was closed so long ago and is not in the audit log was left behind: somebody completes it. */
const LEFT_BEHIND = `select count(*)::int as count from attempts
  where not recorded and closed_at < clock_timestamp() - interval '2 seconds'`;

/** Waits, not for ever, until every connection is renewed or given up and the audit log is complete. No fault may be left. */
export async function settle(
  accounts: readonly Account[],
  database: BrokersDatabase,
  fleet: Fleet,
  upstream: Upstream,
): Promise<Settled> {
  const began = performance.now();
  const before = await takeCensus(database);
  const isSettled = ({ name, state, generation }: Standing): boolean =>
    GIVEN_UP.has(state) || isRenewed({ name, state, generation }, before);
  let after = before;
  let unsettled: readonly Standing[] = [];
  do {
    await sleep(TIMES.watchEvery);
    after = (await takeCensus(database)) ?? after;
    unsettled = [...(after?.values() ?? [])].filter((standing) => !isSettled(standing));
  } while ((unsettled.length > 0 || !(await isLogComplete(database))) && performance.now() - began < TIMES.settle);
  const hopeful = accounts.filter(({ name }) => {
    const standing = after?.get(name);
    return standing !== undefined && isRenewed(standing, before);
  });
  return {
    seconds: Math.round((performance.now() - began) / 1000),
    renewed: await thoseWithGoodTokens(hopeful, fleet, upstream),
    unsettled,
  };
}

const isRenewed = (
  { name, state, generation }: Pick<Standing, 'name' | 'state' | 'generation'>,
  before: ReadonlyMap<string, Standing> | undefined,
): boolean => state === 'active' && generation > (before?.get(name)?.generation ?? 0);

async function isLogComplete(database: BrokersDatabase): Promise<boolean> {
  const [row] = await database.rows<{ count: number }>(LEFT_BEHIND);
  return row?.count === 0;
}

async function thoseWithGoodTokens(
  accounts: readonly Account[],
  fleet: Fleet,
  upstream: Upstream,
): Promise<ReadonlySet<string>> {
  const good = new Set<string>();
  for (const { provider, name } of accounts) {
    const [member] = fleet.up();
    const token = member && (await askToken(member.replica, provider, name)).body['access_token'];
    if (typeof token === 'string' && (await upstream.accessTokenAlive(token))) {
      good.add(name);
    }
  }
  return good;
}
