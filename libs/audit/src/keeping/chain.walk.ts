import { genesis, type Link, nextLink } from '../chain/chain.js';

/** A row as far as its chain goes. */
export interface ChainRow {
  readonly stream: string;
  readonly seq: number;
  readonly hash: Buffer;
  readonly body: string;
}

/** Follows the chains of all streams at once, row by row, each stream in its order. */
export class ChainWalk {
  readonly #ends: Map<string, Link>;
  #rows = 0;

  /** Begins after `floor`; a stream that is not in it begins with its first row. `replicas`: who writes each stream there is. */
  constructor(
    floor: ReadonlyMap<string, Link>,
    private readonly replicas: ReadonlyMap<string, string>,
  ) {
    this.#ends = new Map(floor);
  }

  get rows(): number {
    return this.#rows;
  }

  /** The last row seen of each stream. */
  get ends(): ReadonlyMap<string, Link> {
    return this.#ends;
  }

  /** Goes one row on. What is wrong with it, or `undefined`. */
  add({ stream, seq, hash, body }: ChainRow): string | undefined {
    const replica = this.replicas.get(stream);
    if (replica === undefined) {
      return `stream ${stream}: it has rows and is not in audit_streams`;
    }
    const previous = this.#ends.get(stream) ?? genesis(stream, replica);
    if (seq !== previous.seq + 1) {
      return `stream ${stream} row ${previous.seq + 1}: missing, row ${seq} follows row ${previous.seq}`;
    }
    const link = nextLink(previous, body);
    if (!link.hash.equals(hash)) {
      return `stream ${stream} row ${seq}: its hash is not that of its text and the row before`;
    }
    this.#ends.set(stream, link);
    this.#rows += 1;
    return undefined;
  }
}
