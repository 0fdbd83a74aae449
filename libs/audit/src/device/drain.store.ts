import type { Link } from '../chain/chain.js';
import type { AuditBatch } from '../writing/audit.store.js';

/** How far a stream stands in the database. */
export interface Standing extends Link {
  readonly closed: boolean;
}

/** What the database holds of local streams, and how it gets the rest. */
export interface DrainStore {
  /** Undefined where the database does not know the stream. */
  findStanding(stream: string): Promise<Standing | undefined>;
  /** Makes room for rows of the batch's day, should there be none. */
  prepare(batch: AuditBatch): Promise<void>;
  /** As AuditStore's. */
  insert(batch: AuditBatch): Promise<unknown>;
  /** As AuditStore's. */
  close(stream: string): Promise<void>;
}
