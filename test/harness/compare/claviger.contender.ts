import { setTimeout as sleep } from 'node:timers/promises';
import {
  askToken,
  type Brokers,
  configureProvider,
  connect,
  type Replica as Broker,
  startBrokers,
  until,
} from '../brokers/index.js';
import type { Contender, Party, Replica, Stage } from './contender.js';
import { TIMES } from './times.js';

/** The broker's own database, migrated once a run. */
export const CLAVIGER_TEMPLATE = 'compare_claviger';

const PROVIDER = 'compared';
const CONNECTION = 'a';
/** From the answer's arrival to a kill: longer than the broker needs to put it on its disk, shorter than a lease. */
const TAKE_IN_MS = 300;

const TIMING = {
  leaseMs: TIMES.lease,
  sendWithinMs: TIMES.lease / 5,
  zombieMs: TIMES.zombie,
  quietMs: TIMES.lease,
  patienceMs: TIMES.patience,
  deadlineMs: TIMES.deadline,
  backoffLeastMs: 100,
  backoffMostMs: 2000,
  lookEveryMs: 500,
  claimMs: 3000,
  replayEveryMs: 500,
  circuitOpenMs: 3000,
};

/** Claviger itself, in processes as users run them; what holds them at a moment are locks in their database. */
export const clavigerContender: Contender = {
  id: 'claviger',
  title: 'Claviger',
  atOnce: 4,
  template: CLAVIGER_TEMPLATE,
  storeGuard: 'before update on connections for each row when (new.generation > old.generation)',
  enter,
};

async function enter(stage: Stage): Promise<Party> {
  const { database, fault, grant } = stage;
  const brokers = await startBrokers({
    replicas: fault.processes ?? 2,
    databaseUrl: database.url,
    timing: TIMING,
  });
  try {
    const leftMs = (fault.leftSeconds ?? TIMES.leftSeconds) * 1000;
    const accessTokenExpiresAt = new Date(Date.now() + leftMs).toISOString();
    await configureProvider(brokers.one, PROVIDER, grant);
    await connect(brokers.one, PROVIDER, CONNECTION, { ...grant, accessTokenExpiresAt });
  } catch (error) {
    await brokers.end();
    throw error;
  }
  const replicas = brokers.replicas.map((broker) => new BrokerReplica(broker));
  return {
    replicas,
    stopFirst: () => stopFirst(stage, brokers, replicas[0] as BrokerReplica),
    restartFirst: async () => {
      await replicas[0]?.ended;
      await brokers.one.start();
    },
    endToken: () => letTimePass(brokers),
    leave: () => brokers.end(),
  };
}

class BrokerReplica implements Replica {
  ended: Promise<unknown> = Promise.resolve();

  constructor(private readonly broker: Broker) {}

  async ask(): Promise<string | undefined> {
    const asked = askToken(this.broker, PROVIDER, CONNECTION, TIMES.minTtlSeconds).then(
      ({ body }) => body['access_token'] as string | undefined,
      () => undefined,
    );
    return Promise.race([asked, sleep(TIMES.ask, undefined)]);
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    if (signal === 'SIGKILL') {
      this.ended = this.broker.kill();
    } else {
      this.broker[signal === 'SIGSTOP' ? 'freeze' : 'thaw']();
    }
  }
}

async function stopFirst(stage: Stage, brokers: Brokers, first: BrokerReplica): Promise<void> {
  const { at, signal } = stage.fault.process ?? { at: 'before_send', signal: 'SIGKILL' };
  const letGo =
    at === 'before_send' ? await holdBeforeSend(brokers, first) : await holdBeforeStore(stage, brokers, first);
  first.signal(signal);
  if (signal === 'SIGKILL') {
    await first.ended;
    await forgetStatements(brokers);
  }
  await letGo();
}

/** A statement that waits for a lock would be carried out even though nobody waits for it any more: as if it had never come. */
const forgetStatements = ({ database }: Brokers): Promise<unknown> =>
  database.rows(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );

/** The intent is committed; its audit row, which comes before the send, waits. */
async function holdBeforeSend({ database }: Brokers, first: BrokerReplica): Promise<() => Promise<void>> {
  const letGo = await database.holdAudit();
  void first.ask();
  await database.untilOpenAttempt(CONNECTION);
  await database.untilBlocked();
  return letGo;
}

/** The answer has arrived; the row that it belongs in waits. */
async function holdBeforeStore(
  { upstream, grant }: Stage,
  { database }: Brokers,
  first: BrokerReplica,
): Promise<() => Promise<void>> {
  const { grantId } = grant;
  await upstream.fault({ kind: 'hold', grantId });
  void first.ask();
  await until('the answer is held', async () => (await upstream.held()).some((held) => held.grantId === grantId));
  const letGo = await database.holdConnection(CONNECTION);
  await upstream.release({ grantId });
  await until('the answer has arrived', async () => (await upstream.record(grantId)).requests[0]?.delivered === true);
  await sleep(TAKE_IN_MS);
  return letGo;
}

/** Moves every time of the connection back by what the token has left, as if it had passed; caches look again. */
async function letTimePass({ database }: Brokers): Promise<void> {
  await database.rows(
    `update connections set token_expires_at = clock_timestamp(),
       refresh_at = refresh_at - (token_expires_at - clock_timestamp()),
       retry_at = retry_at - (token_expires_at - clock_timestamp())`,
  );
  await database.rows('update change_mark set value = value + 1');
}
