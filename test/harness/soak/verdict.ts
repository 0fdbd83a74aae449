import type { Case, Evidence } from './evidence.js';
import {
  issuedRows,
  reusedConnections,
  unannouncedRequests,
  unfinishedAttempts,
  unrecordedTokens,
} from './log-check.js';
import { isUnavoidable } from './losses.js';
import { causeOf } from './reuses.js';

/** Something that must hold, and what speaks against it. */
export interface Assertion {
  readonly what: string;
  readonly holds: boolean;
  /** What speaks against it, in short. */
  readonly but: readonly string[];
  /** Accounts whose history tells more. */
  readonly cases: readonly Case[];
}

/** What the run itself was like. */
export interface Conduct {
  /** What brokers did that nobody told them to. */
  readonly accidents: readonly string[];
  readonly exitCodes: readonly (number | null)[];
  /** Connections that were neither renewed nor given up when the time was over. */
  readonly unsettled: readonly {
    readonly name: string;
    readonly state: string;
    readonly state_reason: string | null;
  }[];
  /** What a broker found when it verified the audit log. */
  readonly logFaults: readonly string[];
  readonly minutes: number;
}

/** So often at least the middle one of all connections is to be refreshed: else the soak showed little. */
const LEAST_A_MINUTE = 1.5;

const nameOf = ({ account }: Case): string => account.name;

function empty(what: string, but: readonly string[], cases: readonly Case[] = []): Assertion {
  return { what, holds: but.length === 0, but, cases };
}

function noCases(what: string, cases: readonly Case[]): Assertion {
  return empty(what, cases.map(nameOf), cases);
}

/** Everything that must hold at the end. */
export function judge(evidence: Evidence, conduct: Conduct): readonly Assertion[] {
  const { cases, lives, smallestPossibleLoss } = evidence;
  const lost = cases.filter(({ renewed }) => !renewed);
  const kept = cases.filter(({ renewed }) => renewed);
  const reusers = cases.filter((one) => one.record.reuses.some((reuse) => causeOf(reuse, one, lives) === 'ours'));
  return [
    noCases(
      'nothing is lost but what nobody could keep',
      lost.filter((one) => !isUnavoidable(one, lives)),
    ),
    noCases(
      'what the upstream counts as lost is lost: its record and ours agree',
      kept.filter(({ record }) => smallestPossibleLoss.has(record.grantId)),
    ),
    noCases('no reuse event is of our making', reusers),
    empty(
      'every connection is renewed or given up in time',
      conduct.unsettled.map(({ name, state, state_reason }) => `${name}: ${state}, ${state_reason ?? 'no reason'}`),
      cases.filter((one) => conduct.unsettled.some(({ name }) => name === nameOf(one))),
    ),
    ...judgeLog(evidence),
    empty('the audit log verifies: chains, heads and signed checkpoints', conduct.logFaults),
    empty('no broker ended, or stayed away, by itself', conduct.accidents),
    empty(
      'every broker stops with 0',
      conduct.exitCodes.filter((code) => code !== 0).map((code) => `exit code ${code}`),
    ),
    frequency(cases, conduct.minutes),
  ];
}

function judgeLog(evidence: Evidence): readonly Assertion[] {
  const { cases } = evidence;
  return [
    empty('every token that left is in the audit log', unrecordedTokens(evidence)),
    empty('every row of a token that left is of one that a caller asked for', issuedRows(evidence).unexplained),
    noCases(
      'the upstream saw no request whose intent was not in the audit log',
      cases.filter((one) => unannouncedRequests(one).length > 0),
    ),
    noCases(
      'every attempt is closed and its outcome in the audit log',
      cases.filter((one) => unfinishedAttempts(one).length > 0),
    ),
    noCases(
      'every one-shot refresh has a connection of its own',
      cases.filter((one) => reusedConnections(one).length > 0),
    ),
  ];
}

/** Of those that were not lost on the way. */
function frequency(cases: readonly Case[], minutes: number): Assertion {
  const counts = cases
    .filter(({ renewed }) => renewed)
    .map(({ record }) => record.requests.filter(({ consumed, outcome }) => consumed || outcome === 'ok').length)
    .toSorted((one, other) => one - other);
  const middle = counts[Math.floor(counts.length / 2)] ?? 0;
  const least = Math.floor(LEAST_A_MINUTE * minutes);
  return empty(
    `the middle connection is refreshed at least ${least} times`,
    middle >= least ? [] : [`only ${middle} times`],
  );
}
