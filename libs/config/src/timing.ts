/** The times of the refresh protocol, in milliseconds. No variable of the environment changes them; tests do. */
export interface Timing {
  /** How long a lease holds without a heartbeat. */
  readonly leaseMs: number;
  /** A lease asked for longer ago than this is not sent under: it may soon be somebody else's. */
  readonly sendWithinMs: number;
  /** A first copy of a request may still be on its way for so long, and a paused holder may come back. */
  readonly zombieMs: number;
  /** The database must have been there for so long before anything may be sent a second time. */
  readonly quietMs: number;
  /** How long a caller waits for a refresh that goes on without it. */
  readonly patienceMs: number;
  /** How long a sender listens, from the look-up to the last byte of the answer. */
  readonly deadlineMs: number;
  /** Bounds of the back-off after failures. */
  readonly backoffLeastMs: number;
  readonly backoffMostMs: number;
  /** How often the scheduler looks for due connections. */
  readonly lookEveryMs: number;
  /** How long a claim of the scheduler holds: one left behind by a crash comes back by itself. */
  readonly claimMs: number;
  /** How often answers that wait in the spool are tried again. */
  readonly replayEveryMs: number;
  /** How long the circuit of a failing provider stays open the first time. */
  readonly circuitOpenMs: number;
  /** And at the most each time, where credentials lapse with their access tokens. */
  readonly circuitRollingMs: number;
  /** How long Postgres may work on one statement. */
  readonly statementWithinMs: number;
  /** How long an event may wait for its row in the audit log; then nothing leaves. */
  readonly appendWithinMs: number;
  /** How long caches are trusted while the database cannot be reached, where the audit log has a local device. */
  readonly outageMs: number;
  /** How often a replica says that it lives, and follows the states of encryption keys. */
  readonly keysEveryMs: number;
  /** A replica that was not heard of for so long does not count: it asks before it seals again. */
  readonly replicaMs: number;
}

/** What runs in production. */
export const TIMING: Timing = {
  leaseMs: 10_000,
  sendWithinMs: 2000,
  zombieMs: 90_000,
  quietMs: 10_000,
  patienceMs: 10_000,
  deadlineMs: 30_000,
  backoffLeastMs: 1000,
  backoffMostMs: 300_000,
  lookEveryMs: 500,
  claimMs: 30_000,
  replayEveryMs: 30_000,
  circuitOpenMs: 30_000,
  circuitRollingMs: 10_000,
  statementWithinMs: 10_000,
  appendWithinMs: 2000,
  outageMs: 300_000,
  keysEveryMs: 1000,
  replicaMs: 10_000,
};
