import { genesis, HASH_BYTES, hashesAfter, type Link } from '../chain/chain.js';
import type { AuditBatch, AuditDevice } from './audit.store.js';
import { bodyOf } from './body.js';
import type { AuditRow } from './row.js';

/** A chain that one writer makes longer, a batch at a time. */
export class Stream {
  #head: Link;
  #before: Link;
  #at = 0;

  constructor(
    readonly id: string,
    private readonly replica: string,
    private readonly device: AuditDevice = 'database',
  ) {
    this.#head = genesis(id, replica);
    this.#before = this.#head;
  }

  /**
   * The batch that these rows would be at `now` (epoch milliseconds); the stream itself stays as it is. Time never runs
   * backwards inside a stream, so the order of rows is the order of times.
   */
  extend(rows: readonly AuditRow[], now: number): AuditBatch {
    const at = Math.max(now, this.#at);
    const { id, replica, device } = this;
    const previous = this.#head;
    const time = new Date(at).toISOString();
    const bodies = rows.map((row, index) => bodyOf(`${id}-${previous.seq + index + 1}`, time, row, device));
    const hashes = hashesAfter(previous, bodies);
    const last = { seq: previous.seq + rows.length, hash: hashes.subarray(-HASH_BYTES) };
    return { stream: id, replica, device, at, previous, last, rows, bodies, hashes };
  }

  /** The next batch follows this one: it stands, or is on its way. At most two are on their way together. */
  advance({ last, at }: AuditBatch): void {
    this.#before = this.#head;
    this.#head = last;
    this.#at = at;
  }

  /** Whether the batch stands where the stream ended with this row: its own last one, or that of the batch which followed it. */
  isIn({ last }: AuditBatch, end: Link): boolean {
    return [this.#before, this.#head].some(
      ({ seq, hash }) => seq >= last.seq && seq === end.seq && hash.equals(end.hash),
    );
  }
}
