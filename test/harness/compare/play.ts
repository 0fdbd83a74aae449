import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender, Party, Stage } from './contender.js';
import type { ComparedFault } from './fault.js';
import { type Load, newLoad } from './load.js';
import { refuseStores } from './refuse-stores.js';
import { TIMES } from './times.js';
import { until } from '../brokers/until.js';

/** Plays the fault: callers ask meanwhile, everything is healed and running when it returns, and the load goes on. */
export async function play(contender: Contender, stage: Stage, party: Party): Promise<Load> {
  const { fault, upstream, grant, database } = stage;
  if (fault.database === 'refusing') {
    await database.run(refuseStores(contender.storeGuard, fault.databaseMs ?? TIMES.away));
  }
  if (fault.upstream !== undefined) {
    await upstream.fault({ ...fault.upstream, grantId: grant.grantId });
  }
  const load = newLoad();
  if (waitsAtUpstream(fault)) {
    await playAtUpstream(stage, party, load);
  } else if (fault.process !== undefined) {
    await party.stopFirst();
    await afterStop(fault, party, load);
  } else {
    load.add(party.replicas);
  }
  await sleep(TIMES.settle + (fault.database === 'refusing' ? (fault.databaseMs ?? TIMES.away) : 0));
  return load;
}

const waitsAtUpstream = ({ upstream }: ComparedFault): boolean =>
  upstream?.kind === 'hold' || upstream?.kind === 'hold_before';

/** The request stands at the provider's door while something happens to its sender. */
async function playAtUpstream({ fault, upstream, grant, database }: Stage, party: Party, load: Load): Promise<void> {
  const { grantId } = grant;
  const [first] = party.replicas;
  const isHeld = async (): Promise<boolean> => (await upstream.held()).some((held) => held.grantId === grantId);
  const release = (): Promise<number> => upstream.release({ grantId });
  void first?.ask();
  await until('the request is held at the provider', isHeld);
  if (fault.database !== undefined) {
    await database[fault.database === 'cut' ? 'cut' : 'close']();
  }
  if (fault.process?.at === 'sent') {
    first?.signal(fault.process.signal);
    // Nobody is there any more when the provider answers.
    await (fault.process.signal === 'SIGKILL' ? first?.ended : undefined);
    await release();
    await afterStop(fault, party, load);
    return;
  }
  await release();
  load.add(party.replicas);
  if (fault.database === 'away') {
    await whileAway(fault, party);
    await database.open();
    await restarted(fault, party, load);
  }
}

/** The database stays away; a process that is to be killed has had time to take its answer in. */
async function whileAway({ process, databaseMs = TIMES.away }: ComparedFault, { replicas }: Party): Promise<void> {
  await sleep(databaseMs / 2);
  if (process !== undefined) {
    replicas[0]?.signal(process.signal);
  }
  await sleep(databaseMs / 2);
}

async function restarted({ process }: ComparedFault, party: Party, load: Load): Promise<void> {
  if (process !== undefined) {
    await party.restartFirst();
    load.add(party.replicas.slice(0, 1));
  }
}

/** The others are asked; the stopped process comes back. */
async function afterStop({ process }: ComparedFault, party: Party, load: Load): Promise<void> {
  load.add(party.replicas.slice(1));
  if (process?.signal === 'SIGSTOP') {
    await sleep(TIMES.freeze);
    party.replicas[0]?.signal('SIGCONT');
  } else {
    await party.replicas[0]?.ended;
    await sleep(TIMES.restart);
    await party.restartFirst();
  }
  load.add(party.replicas.slice(0, 1));
}
