import { HASH_BYTES, type Link, nextLink } from '../chain/chain.js';
import type { StreamHead } from '../chain/checkpoint.js';
import { differenceIn } from './column-check.js';
import { type Fault, firstOf } from './fault.js';
import type { LogRow } from './log-source.js';

/** More signed heads that wait for their row than this are not kept one by one: the newest stands for those before. */
const MOST_EXPECTED = 4096;
/** More are not looked up: the newest is, and the chain to it vouches for those before. */
const MOST_LATE = 100;
/** Each doubt costs look-ups, and the first fault is what is wanted. */
const MOST_DOUBTS = 8;

/** What is not as it should be, before it is known what became of it. */
export type Doubt =
  /** The next row by number did not come, but `row` in its place. */
  | { readonly what: 'gap'; readonly seq: number; readonly row: LogRow }
  /** Nothing came any more, though there must have been more by this time. */
  | { readonly what: 'end'; readonly seq: number; readonly by: string }
  /** A number that was there already. */
  | { readonly what: 'repeat'; readonly row: LogRow }
  /** The hash is not that of the row before, the number and the text. */
  | { readonly what: 'hash'; readonly row: LogRow }
  /** Well chained, but the columns say something else than the text. */
  | { readonly what: 'columns'; readonly row: LogRow; readonly difference: string }
  /** Well chained, but not the row that a checkpoint names. */
  | { readonly what: 'rewritten'; readonly seq: number };

/** A head that a checkpoint names; hash in hex. */
export interface Expected extends Pick<StreamHead, 'seq' | 'hash'> {
  /** Time of the checkpoint. */
  readonly at: string;
  /** True where the row may be older than the time that is verified. */
  readonly mayBeBefore: boolean;
}

/** One stream on its way through the log. What it holds does not grow with the number of rows. */
export class StreamCheck {
  /** The last row that was found to be in order; undefined before the first. */
  position: Link | undefined;
  /** What the first row that was checked is chained to. */
  anchor: Link | undefined;
  /** Number of the last row that was confirmed by a checkpoint. */
  confirmed = 0;
  rows = 0;
  lastAt: string | undefined;
  fault: Fault | undefined;
  #doubts = 0;
  #broken = false;
  /** Signed heads whose row has passed already, to be looked up. */
  readonly late: Expected[] = [];
  /** Highest number that a checkpoint names. */
  highestSigned = 0;
  #expected: Expected[] = [];

  constructor(readonly id: string) {}

  /** True once nothing that follows can be judged any more. */
  get broken(): boolean {
    return this.#broken || this.#doubts >= MOST_DOUBTS;
  }

  /** What became of a doubt. A row that does not belong where it came does not end the chain. */
  note(doubt: Doubt, fault: Fault): void {
    this.#doubts += 1;
    this.fault = firstOf(this.fault, fault);
    const foreign =
      doubt.what === 'repeat' || doubt.what === 'columns' || (doubt.what === 'gap' && fault.seq !== doubt.seq);
    this.#broken ||= !foreign;
  }

  /** Begins after this row: what was said of rows before it does not concern the rows to come. */
  begin(anchor: Link): Doubt | undefined {
    this.anchor = anchor;
    this.position = anchor;
    return this.#confirm();
  }

  /** Takes the first row as given: nothing is known of what it is chained to. */
  beginWith(row: LogRow): Doubt | undefined {
    this.rows += 1;
    this.lastAt = row.at;
    return this.begin({ seq: row.seq, hash: Buffer.from(row.hash, 'hex') });
  }

  /** Checks the next row in time. Undefined where it is in order. */
  accept(row: LogRow, position: Link): Doubt | undefined {
    if (row.seq !== position.seq + 1) {
      return row.seq <= position.seq ? { what: 'repeat', row } : { what: 'gap', seq: position.seq + 1, row };
    }
    const link = nextLink(position, row.body);
    if (link.hash.toString('hex') !== row.hash) {
      return { what: 'hash', row };
    }
    this.rows += 1;
    this.lastAt = row.at;
    this.position = link;
    const difference = differenceIn(row);
    if (difference !== undefined) {
      return { what: 'columns', row, difference };
    }
    return this.#expected.length === 0 ? undefined : this.#confirm();
  }

  /** A checkpoint names this head. */
  expect(head: Expected): Doubt | undefined {
    this.highestSigned = Math.max(this.highestSigned, head.seq);
    const { position, anchor } = this;
    if (this.broken || (anchor !== undefined && head.seq < anchor.seq)) {
      return undefined;
    }
    if (position !== undefined && head.seq < position.seq) {
      this.late.splice(MOST_LATE - 1);
      this.late.push(head);
      return undefined;
    }
    if (this.#expected.length >= MOST_EXPECTED) {
      this.#expected.pop();
    }
    this.#expected.push(head);
    return this.#confirm();
  }

  /** The first signed head whose row did not come. */
  get missing(): Expected | undefined {
    return this.#expected[0];
  }

  /** The last of them. */
  get lastMissing(): Expected | undefined {
    return this.#expected.at(-1);
  }

  /** Compares the position with what checkpoints say of it. */
  #confirm(): Doubt | undefined {
    const { position } = this;
    if (position === undefined) {
      return undefined;
    }
    for (let head = this.#expected[0]; head !== undefined && head.seq <= position.seq; head = this.#expected[0]) {
      this.#expected.shift();
      const isHere = head.seq === position.seq;
      if (isHere && head.hash !== position.hash.toString('hex')) {
        return { what: 'rewritten', seq: head.seq };
      }
      this.confirmed = isHere ? head.seq : this.confirmed;
    }
    return undefined;
  }
}

/** A link as it is written in checkpoints and in the register of streams. */
export const toLink = (seq: number, hex: string): Link => ({
  seq,
  hash: hex.length === 2 * HASH_BYTES ? Buffer.from(hex, 'hex') : Buffer.alloc(HASH_BYTES),
});
