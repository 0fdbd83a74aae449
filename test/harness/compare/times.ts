/** The times of the comparison: a tenth of what one would run, the same for all. Milliseconds unless named otherwise. */
export const TIMES = {
  /** How long a lease holds without a heartbeat. */
  lease: 1000,
  /** How long a strategy's request, and a caller of the broker, waits for the provider: ten seconds in life. */
  patience: 1000,
  /** How long the broker's sender listens: thirty seconds in life. */
  deadline: 3000,
  /** How long the broker takes a first copy of a request to be on its way. */
  zombie: 2500,
  /** How long a caller of the comparison waits for its answer, and how soon it asks again. */
  ask: 2000,
  askEvery: 100,
  /** How long a killed process is away until it is started again. */
  restart: 500,
  /** How long a frozen process stands still: four leases. */
  freeze: 4000,
  /** Delays of the provider's side. */
  slow: 1600,
  late: 1500,
  /** How long the database is gone, or refuses to store. The second is longer than any copy of a request is on its way. */
  away: 2000,
  awayLong: 6000,
  /** Callers go on for so long after the fault is over. */
  settle: 3500,
  /** How long a new token may take once the old one has ended. */
  end: 8000,
  /** Seconds: what the stored token has left, what callers want, what the provider issues, and the grace of `grace`. */
  leftSeconds: 120,
  leftSecondsNearEnd: 30,
  minTtlSeconds: 180,
  issuedSeconds: 600,
  graceSeconds: 30,
} as const;
