import type { Receipt } from './audit.store.js';
import type { AuditRow } from './row.js';

/** Where batches of rows end up. */
export interface RowWriter {
  /** How many batches it may be handed before the first of them has returned. Their rows stand in the order in which they came. */
  readonly depth: number;
  /** To be called before the first batch. Rejects where it cannot be begun with. */
  open(): Promise<void>;
  /**
   * Resolves once all rows stand, in their order. Rejects where they do not, or where nobody knows: at once where `isAwaited` says
   * that nobody waits for it any more.
   */
  write(rows: readonly AuditRow[], isAwaited: () => boolean): Promise<Receipt>;
  /** To be called when no batch is under way and none follows. Never rejects. */
  close(): Promise<void>;
}
