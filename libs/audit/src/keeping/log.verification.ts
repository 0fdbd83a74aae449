import type { Link } from '../chain/chain.js';

/** What a check of the rows before a day found. */
export type PastVerified =
  | {
      readonly ok: true;
      /** How many rows were checked. */
      readonly rows: number;
      /** The last row before that day of every stream that has or had one. */
      readonly ends: ReadonlyMap<string, Link>;
    }
  | {
      readonly ok: false;
      /** What is wrong and where, for people: stream and number first. */
      readonly fault: string;
    };

/** Proves what is to be taken out of the log. */
export interface LogVerification {
  /**
   * Checks every row from the newest retirement, or the beginning, up to that day (UTC, `2026-11-20`; not included). Rejects where the
   * log cannot be read, or when it is told to stop.
   */
  verify(before: string, signal: AbortSignal): Promise<PastVerified>;
}
export const LogVerification = Symbol('LogVerification');
