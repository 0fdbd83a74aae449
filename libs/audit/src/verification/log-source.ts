import type { SignedCheckpoint } from '../chain/checkpoint.js';

/** Columns that stand beside the text of a row, in the order of `LogRow.columns`. */
export const COLUMNS = [
  'action',
  'outcome',
  'caller',
  'provider',
  'connection',
  'request_id',
  'token_fingerprint',
] as const;

/** A row as it stands in the log. */
export interface LogRow {
  readonly stream: string;
  readonly seq: number;
  /** As in the text: RFC 3339, UTC, milliseconds. */
  readonly at: string;
  /** What the columns say; absent where there are none but the text. */
  readonly columns?: readonly (string | null)[];
  /** In hex, as below. */
  readonly hash: string;
  readonly body: string;
  /** The hash of the row before, where the source brings it along. */
  readonly previous?: string | undefined;
}

/** A checkpoint as it stands somewhere; `columns` where it has columns beside its text. */
export interface StoredCheckpoint extends SignedCheckpoint {
  readonly columns?: {
    readonly number: number;
    readonly at: string;
    readonly keyId: string;
    readonly retiredBefore: string | null;
  };
}

/** A stream as `audit_streams` registers it; hash in hex. */
export interface RegisteredStream {
  readonly id: string;
  readonly replica: string;
  readonly headSeq: number;
  readonly headHash: string;
  /** RFC 3339, UTC, milliseconds; null where it has no row. */
  readonly headAt: string | null;
  /** The head that the newest checkpoint names. */
  readonly checkpointSeq: number;
}

/** The log at one moment: everything committed before it is to be found. */
export interface Snapshot {
  /** The later of the database's time and the newest head's: no row of it is newer. */
  readonly takenAt: string;
  /** Number of the newest checkpoint; 0 where there is none. */
  readonly lastCheckpoint: number;
  readonly streams: readonly RegisteredStream[];
}

/** A time in the words of the rows, from `from` (included) to `to` (not included). */
export interface TimeRange {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Where a log is read from to be verified. Every list comes in pages that are small enough to hold. */
export interface LogSource {
  /** True where it is all there is, so that what is not in it is missing; false for an export, which may begin anywhere. */
  readonly isWhole: boolean;
  /** The newest checkpoint that brings a retirement. */
  retirement(): Promise<StoredCheckpoint | undefined>;
  /** Undefined where there is no register of streams. */
  snapshot(): Promise<Snapshot | undefined>;
  /** By number: from `after` (excluded) to `last`, or to the end. */
  checkpoints(after: number, last: number | undefined): AsyncIterable<readonly StoredCheckpoint[]>;
  /** Number of the last checkpoint before this time; 0 where there is none. */
  checkpointBefore(time: string): Promise<number>;
  /** In the order of time, stream and number. */
  rows(range: TimeRange): AsyncIterable<readonly LogRow[]>;
  /** The rows of this stream and number, wherever they are: to tell what became of one. */
  find(stream: string, seq: number): Promise<readonly LogRow[]>;
  /** The same, of rows before this time: to learn what the first row of a range is chained to. */
  findBefore(stream: string, seq: number, time: string): Promise<LogRow | undefined>;
  /** Days (UTC, of these and those in between) of which checkpoints tell but no row is left. */
  emptyDays(first: string, last: string): Promise<readonly string[]>;
  /** Rows of this time or newer that no stream accounts for. */
  strays(after: string): Promise<readonly LogRow[]>;
}
