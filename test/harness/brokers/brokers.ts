import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Timing } from '@app/config';
import { BrokersDatabase } from './brokers-database.js';
import { Replica } from './replica.js';

/** How a set of replicas is started. */
export interface BrokersOptions {
  readonly replicas: number;
  /** The database that they share; the test file's own unless given. */
  readonly databaseUrl?: string;
  readonly timing?: Partial<Timing>;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Replicas on one database, each with a spool of its own. */
export interface Brokers {
  readonly database: BrokersDatabase;
  readonly replicas: readonly Replica[];
  /** The first one, where any will do. */
  readonly one: Replica;
  /** The replica that signs its attempts so, and the others. */
  split(holder: string): { readonly sender: Replica; readonly others: readonly Replica[] };
  /** Starts one more. */
  add(options?: { readonly timing?: Partial<Timing>; readonly clockMs?: number }): Promise<Replica>;
  /** Everything that they printed, for the message of a failing test. */
  output(): string;
  /** Kills them and removes their folders. */
  end(): Promise<void>;
}

/** Times that let a test see every stage of the protocol within seconds. Whoever must not act by itself gets a long `lookEveryMs`. */
export const SHORT_TIMING: Partial<Timing> = {
  leaseMs: 1000,
  sendWithinMs: 500,
  zombieMs: 2000,
  quietMs: 1000,
  patienceMs: 3000,
  deadlineMs: 10_000,
  backoffLeastMs: 100,
  backoffMostMs: 1000,
  lookEveryMs: 100,
  claimMs: 1000,
  replayEveryMs: 300,
  circuitOpenMs: 1000,
  keysEveryMs: 200,
  replicaMs: 2000,
};

/** For `timing`: this replica sends only what it is asked for. */
export const NO_SCHEDULER: Partial<Timing> = { lookEveryMs: 3_600_000 };

/** Starts replicas one after the other. Needs the builds of the product and of the harness. */
export async function startBrokers(options: BrokersOptions): Promise<Brokers> {
  const database = new BrokersDatabase(options.databaseUrl ?? process.env['DATABASE_URL'] ?? '');
  const folder = await mkdtemp(join(tmpdir(), 'claviger-faults-'));
  const replicas: Replica[] = [];
  const add: Brokers['add'] = async ({ timing, clockMs = 0 } = {}) => {
    const replica = new Replica({
      database,
      dataDir: join(folder, 'data'),
      spoolDir: join(folder, `spool-${replicas.length + 1}`),
      timing: { ...SHORT_TIMING, ...options.timing, ...timing },
      clockMs,
      environment: { ...options.environment },
    });
    replicas.push(replica);
    return replica.start();
  };
  const end = async (): Promise<void> => {
    await Promise.all(replicas.map((replica) => replica.kill()));
    await database.end();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    for (let started = 0; started < options.replicas; started += 1) {
      await add();
    }
  } catch (error) {
    await end();
    throw error;
  }
  return {
    database,
    replicas,
    add,
    end,
    one: replicas[0] as Replica,
    split: (holder) => split(replicas, holder),
    output: () => replicas.map((replica, index) => `── replica ${index + 1}\n${replica.output()}`).join('\n'),
  };
}

function split(replicas: readonly Replica[], holder: string): ReturnType<Brokers['split']> {
  const running = replicas.filter(({ isRunning }) => isRunning);
  const sender = running.find(({ id }) => id === holder);
  if (sender === undefined) {
    throw new Error(`No running replica is ${holder}.`);
  }
  return { sender, others: running.filter((replica) => replica !== sender) };
}
