import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrokersDatabase } from '../brokers/index.js';
import { startUpstream, type Upstream } from '../upstream/index.js';
import { Accounts } from './accounts.js';
import { Callers, registerCaller } from './callers.js';
import { Chaos } from './chaos.js';
import { Fleet } from './fleet.js';
import { startPostgres } from './postgres.js';
import { newRandom } from './random.js';
import { paceOf } from './times.js';
import { Turns } from './turns.js';
import { UpstreamFaults } from './upstream-faults.js';

/** Everything that takes part in a soak. */
export interface Soak {
  readonly upstream: Upstream;
  readonly database: BrokersDatabase;
  readonly fleet: Fleet;
  readonly accounts: Accounts;
  readonly callers: Callers;
  readonly chaos: Chaos;
  /** By how much things happen more slowly here, so that the machine can keep up: 1 where it is fast enough (times.ts). */
  readonly pace: number;
  /** Nothing of it remains. */
  end(): Promise<void>;
}

/** Starts everything and fills the places; nothing happens yet. */
export async function prepareSoak(seed: number): Promise<Soak> {
  const endings: (() => Promise<unknown>)[] = [];
  const end = async (): Promise<void> => {
    for (const ending of endings.splice(0).toReversed()) {
      await ending();
    }
  };
  try {
    return { ...(await prepare(seed, endings)), end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function prepare(seed: number, endings: (() => Promise<unknown>)[]): Promise<Omit<Soak, 'end'>> {
  const postgres = await startPostgres();
  endings.push(() => postgres.end());
  const upstream = await startUpstream();
  endings.push(() => upstream.stop());
  const database = new BrokersDatabase(postgres.url);
  endings.push(() => database.end());
  const folder = await mkdtemp(join(tmpdir(), 'claviger-soak-brokers-'));
  endings.push(() => rm(folder, { recursive: true, force: true }));
  const turns = new Turns();
  const fleet = new Fleet(database, turns, folder);
  endings.push(() => fleet.end());
  const began = performance.now();
  await fleet.start();
  const pace = paceOf((performance.now() - began) / fleet.members.length);
  const accounts = new Accounts(upstream, fleet, newRandom(seed + 1));
  await accounts.fill();
  const callers = new Callers(await registerCaller(fleet.one.replica), {
    random: newRandom(seed + 2),
    pace,
    accounts: () => accounts.inUse,
    replicas: () => fleet.up().map(({ replica }) => replica),
  });
  const random = newRandom(seed);
  const faults = new UpstreamFaults(upstream, random);
  const chaos = new Chaos({ random, fleet, faults, postgres, turns, accounts: () => accounts.inUse }, pace);
  return { upstream, database, fleet, accounts, callers, chaos, pace };
}
