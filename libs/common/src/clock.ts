/**
 * The time that deadlines are measured against: epoch milliseconds of the database's clock, so that replicas whose own
 * clocks disagree still agree on expiry. Durations use `performance.now()`, never this.
 */
export interface Clock {
  now(): number;
}
export const Clock = Symbol('Clock');
