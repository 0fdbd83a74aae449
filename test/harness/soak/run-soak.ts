import { setTimeout as sleep } from 'node:timers/promises';
import { lostOf, renewalsOf, statesOf, takeCensus } from './census.js';
import { type Case, gather } from './evidence.js';
import { settle } from './settle.js';
import type { Soak } from './soak.js';
import { spooledAttempts } from './spooled.js';
import { callersLines, countsTable, inHandLine } from './tables.js';
import { timelineOf } from './timeline.js';
import { TIMES } from './times.js';
import { type Assertion, judge } from './verdict.js';

/** What came of a soak. */
export interface Report {
  readonly assertions: readonly Assertion[];
  /** Of every account that an assertion speaks of, once. */
  readonly histories: readonly string[];
  /** Of all. */
  readonly allHistories: readonly string[];
}

type Say = (text: string) => void;

/** Lets things happen for so long, has the brokers settle, and judges. */
export async function runSoak(soak: Soak, minutes: number, say: Say): Promise<Report> {
  const { accounts, callers, chaos, database, fleet, upstream } = soak;
  const began = performance.now();
  const stopWatching = watch(soak, began, say);
  callers.start();
  chaos.start();
  await sleep(minutes * 60_000);
  await chaos.stop();
  await stopWatching();
  say('No more faults; every replica is up. The brokers settle …');
  const { renewed, unsettled, seconds } = await settle(accounts.all, database, fleet, upstream);
  await callers.stop();
  fleet.lookAfter();
  await fleet.rest();
  const logFaults = await verifyLog(fleet);
  const exitCodes = await fleet.stop();
  const spooled = await spooledAttempts(fleet.members.map(({ replica }) => replica.options.spoolDir));
  const parts = { spooled, lives: fleet.lives, asked: callers.asked, renewed };
  const evidence = await gather(parts, accounts.all, database, upstream);
  const { accidents } = fleet;
  const assertions = judge(evidence, { accidents, exitCodes, unsettled, logFaults, minutes });
  say(
    `Settled after ${seconds} s.\n\n${countsTable(evidence)}\n\n${happenedLine(soak)}\n${callersLines(evidence)}${inHandLine(evidence)}\n`,
  );
  assertions.forEach((assertion) => say(assertionLine(assertion)));
  const tell = (one: Case): string => timelineOf(one, evidence.lives, chaos.happened);
  const told = [...new Set(assertions.flatMap(({ cases }) => cases))];
  return { assertions, histories: told.map(tell), allHistories: evidence.cases.map(tell) };
}

/** Has one of the brokers verify the log, as an auditor would; answers what it found. */
async function verifyLog({ members }: Soak['fleet']): Promise<readonly string[]> {
  const answer = await members[0]?.replica.ask('GET', '/audit/verify');
  return answer?.status === 200 && answer.body['ok'] === true ? [] : [JSON.stringify(answer?.body)];
}

/** Once a second: looks after the brokers and the places; now and then it says how things are. Returns what ends it. */
function watch(soak: Soak, began: number, say: Say): () => Promise<void> {
  const over = new AbortController();
  const work = async (): Promise<void> => {
    let saidAt = began;
    while (!over.signal.aborted) {
      await sleep(TIMES.watchEvery);
      soak.fleet.lookAfter();
      const census = await takeCensus(soak.database);
      if (census !== undefined) {
        await soak.accounts.replace(lostOf(census));
      }
      if (performance.now() - saidAt >= TIMES.progressEvery) {
        saidAt += TIMES.progressEvery;
        say(progressLine(soak, began, census));
      }
    }
  };
  const working = work();
  return async () => {
    over.abort();
    await working;
  };
}

function progressLine({ fleet, callers, chaos }: Soak, began: number, census: Awaited<ReturnType<typeof takeCensus>>) {
  const seconds = `${Math.round((performance.now() - began) / 1000)}`.padStart(4);
  const up = `${fleet.up().length} of ${fleet.members.length} up`;
  const known = census === undefined ? 'database away' : `${renewalsOf(census)} renewals, ${statesOf(census)}`;
  return `${seconds} s  ${chaos.happened.length} events, ${callers.tokens} tokens, ${up}, ${known}`;
}

function happenedLine({ chaos }: Soak): string {
  const counts = [...chaos.counts()].map(([title, count]) => `${title} ${count}`);
  const mishaps = chaos.mishaps.length === 0 ? '' : `; ${chaos.mishaps.length} could not be played`;
  return `events: ${counts.join(', ')}${mishaps}`;
}

function assertionLine({ what, holds, but }: Assertion): string {
  const most = 5;
  const more = but.length > most ? ` … ${but.length} in all` : '';
  return holds ? `ok    ${what}` : `FAIL  ${what}: ${but.slice(0, most).join('; ')}${more}`;
}
