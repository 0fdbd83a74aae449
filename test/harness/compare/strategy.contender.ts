import { setTimeout as sleep } from 'node:timers/promises';
import { inPackage } from '@app/common';
import { STOPPED_LINE } from '../strategies/moment.js';
import type { StrategyName } from '../strategies/strategy.js';
import type { Contender, Party, Replica, Stage } from './contender.js';
import { type Spawned, spawnProgram } from './spawned.js';
import { TIMES } from './times.js';

const PROGRAM = inPackage('dist', 'test/harness/strategies/main.js');

/** The database of `accounts`, made once a run. */
export const STRATEGY_TEMPLATE = 'compare_strategies';

/** One of the strategies, in processes of its own. */
export const strategyContender = (id: StrategyName, title: string): Contender => ({
  id,
  title,
  atOnce: 8,
  template: STRATEGY_TEMPLATE,
  storeGuard: 'before update of refresh_token on accounts for each row',
  enter: (stage) => enter(id, stage),
});

async function enter(strategy: StrategyName, { database, fault, grant }: Stage): Promise<Party> {
  const left = fault.leftSeconds ?? TIMES.leftSeconds;
  await database.run(
    `insert into accounts (id, token_url, client_id, client_secret, refresh_token, access_token, expires_at)
     values ('a', $1, $2, $3, $4, $5, clock_timestamp() + make_interval(secs => $6))`,
    [grant.tokenUrl, grant.clientId, grant.clientSecret, grant.refreshToken, grant.accessToken, left],
  );
  const environment = { DATABASE_URL: database.url, LEASE_MS: `${TIMES.lease}`, TIMEOUT_MS: `${TIMES.patience}` };
  const { at = '', signal = '' } = fault.process ?? {};
  const start = (more = {}): Promise<StrategyReplica> => StrategyReplica.start(strategy, { ...environment, ...more });
  const others = Array.from({ length: (fault.processes ?? 2) - 1 }, () => start());
  const replicas = await Promise.all([start({ STOP_AT: at, STOP_WITH: signal }), ...others]);
  return {
    replicas,
    stopFirst: async () => {
      const [first] = replicas;
      void first?.ask();
      await Promise.race([first?.stopped(), missed()]);
    },
    restartFirst: async () => void (replicas[0] = await start()),
    endToken: () => database.run('update accounts set expires_at = clock_timestamp()'),
    leave: async () => {
      replicas.forEach((replica) => replica.signal('SIGKILL'));
      await Promise.all(replicas.map(({ ended }) => ended));
    },
  };
}

async function missed(): Promise<never> {
  await sleep(TIMES.end, undefined, { ref: false });
  throw new Error('The process did not come to the moment that it was to stop at.');
}

class StrategyReplica implements Replica {
  private constructor(
    private readonly spawned: Spawned,
    private readonly url: string,
  ) {}

  static async start(strategy: StrategyName, environment: Readonly<Record<string, string>>): Promise<StrategyReplica> {
    const spawned = spawnProgram([PROGRAM, strategy], environment);
    const url = /listening at (\S+)\n/.exec(await spawned.printed('\n'))?.[1] ?? '';
    return new StrategyReplica(spawned, url);
  }

  get ended(): Promise<unknown> {
    return this.spawned.ended;
  }

  async ask(): Promise<string | undefined> {
    try {
      const path = `/token?account=a&min_ttl=${TIMES.minTtlSeconds}`;
      const response = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(TIMES.ask) });
      return ((await response.json()) as { access_token?: string }).access_token;
    } catch {
      return undefined;
    }
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.spawned.child.kill(signal);
  }

  /** Resolves once it has stopped itself at its moment. */
  async stopped(): Promise<void> {
    await this.spawned.printed(STOPPED_LINE);
  }
}
