import type { Receipt } from './audit.store.js';
import type { AuditRow } from './row.js';

/** Where batches of rows end up. It is handed one batch at a time. */
export interface RowWriter {
  /** Resolves once all rows stand, in their order. Rejects where they do not, or where nobody knows. */
  write(rows: readonly AuditRow[]): Promise<Receipt>;
  /** To be called when no batch is under way and none follows. Never rejects. */
  close(): Promise<void>;
}
