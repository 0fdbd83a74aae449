import type { HeldCheckpoints } from './checkpoint-chain.js';
import type { Fault } from './fault.js';
import type { TimeRange } from './log-source.js';
import type { PublicKeys } from './public-keys.js';

/** What a verification found. */
export interface Verification {
  readonly ok: boolean;
  /** How many were read, as below. */
  readonly rows: number;
  readonly streams: number;
  readonly checkpoints: number;
  readonly fault: Fault | null;
  /** First rows (`7-1042`) that nothing vouches for, because what they are chained to is not known; at most 100. */
  readonly takenAsGiven: readonly string[];
}

/** What is verified, and against what. */
export interface VerificationRequest {
  /** Only rows of this time, with the checkpoints of this time; the row before the range is taken as given. */
  readonly range?: TimeRange;
  readonly keys: PublicKeys;
  /** Checkpoints from outside the database, which must be in it. */
  readonly held?: HeldCheckpoints | undefined;
  /** Ends the verification early: it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long to rest after each slice of rows, as a multiple of the work on it: for a process that has more urgent things to do. */
  readonly rest?: number;
  /** Told from time to time how many rows were read. */
  readonly onProgress?: ((rows: number) => void) | undefined;
}
