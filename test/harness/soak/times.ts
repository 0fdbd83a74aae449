import type { Timing } from '@app/config';

/**
 * The protocol's times, a tenth of production's, but for what a busy machine does not do ten times faster: a broker that was killed
 * has to be back within the zombie window, and a lease may be older when it is used. Back-offs and circuits are short, so that
 * much is sent.
 */
export const TIMING = {
  leaseMs: 1000,
  sendWithinMs: 500,
  zombieMs: 20_000,
  quietMs: 1000,
  patienceMs: 1000,
  deadlineMs: 3000,
  backoffLeastMs: 100,
  backoffMostMs: 2000,
  lookEveryMs: 100,
  claimMs: 3000,
  replayEveryMs: 1000,
  circuitOpenMs: 1000,
  circuitRollingMs: 1000,
  statementWithinMs: 10_000,
  appendWithinMs: 2000,
  outageMs: 5000,
  keysEveryMs: 200,
  replicaMs: 2000,
} as const satisfies Timing;

/** What the soak does when; milliseconds unless named otherwise. */
export const TIMES = {
  eventEvery: 300,
  progressEvery: 10_000,
  watchEvery: 1000,
  /** How long a killed replica is away; how long a frozen one stands still. */
  away: { least: 200, most: 2000 },
  freeze: { least: TIMING.leaseMs, most: 4 * TIMING.leaseMs },
  /** A fault for all lasts so long. */
  faultForAll: { least: 300, most: 1200 },
  /** Beyond a caller's patience, within the sender's. */
  slow: { least: 1200, most: 2400 },
  /** A zombie of the network comes within the window that the protocol waits for. */
  late: { least: 300, most: 6000 },
  /** Between two restarts of Postgres. */
  restartEvery: 15_000,
  accessTokenSeconds: { least: 20, most: 40 },
  graceSeconds: 60,
  /** Callers: how long one waits for an answer, and until it asks again. */
  callerTimeout: 8000,
  callerPause: { least: 30, most: 120 },
  /** How long brokers may take, once all faults are cleared, until every connection is renewed or given up. */
  settle: 120_000,
} as const;

/** What a broker takes to start on a machine that does all this in time. */
const START_MS = 1500;

/**
 * How many times longer it takes from one event to the next, and from one question of a caller, on a machine where a broker takes so
 * long to start. The protocol's times stay as they are.
 */
export const paceOf = (startMs: number): number => Math.max(1, startMs / START_MS);

/**
 * A process that is killed so soon after it read the answer had no time to put it on its disk. Not counting time for which it was
 * frozen.
 */
export const IN_HAND_MS = 500;
