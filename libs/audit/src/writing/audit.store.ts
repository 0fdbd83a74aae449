import type { Link } from '../chain/chain.js';
import type { AuditRow } from './row.js';

/** Where a stream was written first: straight to the database, or to this replica's local device while that was away. */
export type AuditDevice = 'database' | 'local';

/** What stands in columns beside the text of a row. */
export type RowColumns = Pick<
  AuditRow,
  'action' | 'outcome' | 'caller' | 'provider' | 'connection' | 'requestId' | 'tokenFingerprint'
>;

/** Rows that are committed together. */
export interface AuditBatch {
  readonly stream: string;
  readonly replica: string;
  readonly device: AuditDevice;
  /** Time of all its rows, epoch milliseconds. */
  readonly at: number;
  /** The row that it follows. */
  readonly previous: Link;
  /** Its own last row. */
  readonly last: Link;
  readonly rows: readonly RowColumns[];
  /** Of each row the exact text that was hashed. */
  readonly bodies: readonly string[];
  /** Of each row the hash, side by side. */
  readonly hashes: Buffer;
}

/** That a batch stands, and what the database said with its commit. */
export interface Receipt {
  /** The change mark that the commit saw; undefined where nobody could be asked. */
  readonly mark: string | undefined;
  /** Set where the rows stand on this replica's local device, not in the database yet. */
  readonly device?: 'local';
}

/** The batch is certainly not written: the database refused it, or its stream was closed or continued by somebody else. */
export class BatchRefused extends Error {
  override readonly name: string = 'BatchRefused';
}

/** The head of the stream is not where its writer left it: closed, or in a database that is an older state of itself. */
export class StreamMoved extends BatchRefused {}

/** Where the log is kept. */
export interface AuditStore {
  /** The number of a stream that nobody else writes to. */
  openStream(): Promise<string>;
  /** Resolves once all rows of the batch are committed. Rejects with a BatchRefused, or with anything else where nobody knows. */
  insert(batch: AuditBatch): Promise<Receipt>;
  /**
   * Closes the batch's stream for good and answers the last row that it has: what may still be on its way to the database finds
   * the stream closed.
   */
  settle(batch: AuditBatch): Promise<Link>;
  /** Closes a stream that ends in order. */
  close(stream: string): Promise<void>;
  /** Whether the database takes writes and we may insert, as far as can be seen without writing. */
  probe(): Promise<boolean>;
  /** Inserts a row and takes it back: true once an insert works again. */
  rehearse(): Promise<boolean>;
}
