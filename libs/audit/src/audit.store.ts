import type { AuditRow } from './row.js';

/** Rows that are committed together: their sequence numbers run from `firstSeq` without a gap. */
export interface AuditBatch {
  readonly stream: string;
  readonly firstSeq: number;
  readonly rows: readonly AuditRow[];
}

/** Where the log is kept. Every rejection means: not written, or nobody knows. */
export interface AuditStore {
  /** The number of a stream that nobody else writes to. */
  openStream(): Promise<string>;
  /** Resolves once all rows of the batch are committed. */
  insert(batch: AuditBatch): Promise<void>;
  /** Whether the database takes writes and we may insert, as far as can be seen without writing. */
  probe(): Promise<boolean>;
  /** Inserts a row and takes it back: true once an insert works again. */
  rehearse(): Promise<boolean>;
}
