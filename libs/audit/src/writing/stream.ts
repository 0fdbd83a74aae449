import { genesis, type Link, nextLink } from '../chain/chain.js';
import type { AuditBatch, AuditDevice } from './audit.store.js';
import { bodyOf } from './body.js';
import type { AuditRow } from './row.js';

/** A chain that one writer makes longer, a batch at a time. */
export class Stream {
  #head: Link;
  #at = 0;

  constructor(
    readonly id: string,
    private readonly replica: string,
    private readonly device: AuditDevice = 'database',
  ) {
    this.#head = genesis(id, replica);
  }

  /** The newest row that is known to stand. */
  get head(): Link {
    return this.#head;
  }

  /**
   * The batch that these rows would be at `now` (epoch milliseconds); the stream itself stays as it is. Time never runs
   * backwards inside a stream, so the order of rows is the order of times.
   */
  extend(rows: readonly AuditRow[], now: number): AuditBatch {
    const at = Math.max(now, this.#at);
    const { id, replica, device } = this;
    const time = new Date(at).toISOString();
    let last = this.#head;
    const chained = rows.map((row) => {
      const body = bodyOf(`${id}-${last.seq + 1}`, time, row, device);
      last = nextLink(last, body);
      return { row, body, hash: last.hash };
    });
    return { stream: id, replica, device, at, previous: this.#head, last, rows: chained };
  }

  /** The batch stands: the next one follows it. */
  advance({ last, at }: AuditBatch): void {
    this.#head = last;
    this.#at = at;
  }
}
