import type { AuditBatch } from '../../writing/audit.store.js';
import { StreamMoved } from '../../writing/audit.store.js';
import type { DrainStore, Standing } from '../drain.store.js';

/** Streams as the database keeps them. */
export class MemoryStore implements DrainStore {
  readonly standings = new Map<string, Standing>();
  readonly batches: AuditBatch[] = [];
  readonly days: string[] = [];
  /** How many batches it takes before it goes away. */
  takes = Number.POSITIVE_INFINITY;
  /** The answer of the last one that it takes is lost. */
  losesAnswer = false;

  async findStanding(stream: string): Promise<Standing | undefined> {
    return this.standings.get(stream);
  }

  async prepare({ at }: AuditBatch): Promise<void> {
    this.days.push(new Date(at).toISOString().slice(0, 10));
  }

  async insert(batch: AuditBatch): Promise<void> {
    if (this.takes === 0) {
      throw new Error('no database');
    }
    this.takes -= 1;
    const standing = this.standings.get(batch.stream);
    if ((standing?.seq ?? 0) !== batch.previous.seq || standing?.closed === true) {
      throw new StreamMoved('The head of the stream is not where this writer left it.');
    }
    this.batches.push(batch);
    this.standings.set(batch.stream, { ...batch.last, closed: false });
    if (this.losesAnswer && this.takes === 0) {
      throw new Error('connection reset');
    }
  }

  async close(stream: string): Promise<void> {
    const standing = this.standings.get(stream);
    if (standing !== undefined) {
      this.standings.set(stream, { ...standing, closed: true });
    }
  }

  /** The request ids of all rows, in the order of their coming. */
  get ids(): readonly (string | null)[] {
    return this.batches.flatMap(({ rows }) => rows.map(({ requestId }) => requestId));
  }
}
