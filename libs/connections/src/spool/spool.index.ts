import type { SpoolEntry } from './spool-entry.js';
import { nameOf } from './spool-file.js';

/** The highest generation of a connection that was consumed, as far as this spool knows. */
export interface Consumed {
  readonly generation: number;
  /** True where its answer was adopted: a database that is up to date is beyond this generation. */
  readonly adopted: boolean;
  /** When it was sent; epoch ms of the database's clock. */
  readonly sentAt: number;
}

/** The same, and whose it is. */
export interface ConsumedConnection {
  readonly connectionId: string;
  readonly consumed: Consumed;
}

/** What stands in the spool, in memory, so that a send can be compared with it without waiting for the disk. */
export class SpoolIndex {
  readonly #entries = new Map<string, SpoolEntry>();
  readonly #byConnection = new Map<string, Set<string>>();

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  get(name: string): SpoolEntry | undefined {
    return this.#entries.get(name);
  }

  add(entry: SpoolEntry): void {
    const name = nameOf(entry.attempt, entry.kind);
    this.#entries.set(name, entry);
    const names = this.#byConnection.get(entry.connectionId) ?? new Set();
    this.#byConnection.set(entry.connectionId, names.add(name));
  }

  remove({ attempt, kind, connectionId }: Pick<SpoolEntry, 'attempt' | 'kind' | 'connectionId'>): void {
    const name = nameOf(attempt, kind);
    this.#entries.delete(name);
    const names = this.#byConnection.get(connectionId);
    names?.delete(name);
    if (names?.size === 0) {
      this.#byConnection.delete(connectionId);
    }
  }

  all(): readonly SpoolEntry[] {
    return [...this.#entries.values()];
  }

  /** Ids of the keys that answers are sealed with. */
  keyIds(): readonly string[] {
    return [...new Set([...this.#entries.values()].flatMap(({ sealedWith }) => sealedWith ?? []))];
  }

  /** Of each connection what was consumed last. */
  newest(): readonly ConsumedConnection[] {
    return [...this.#byConnection.keys()].flatMap((connectionId) => {
      const consumed = this.newestOf(connectionId);
      return consumed === undefined ? [] : { connectionId, consumed };
    });
  }

  of(connectionId: string): readonly SpoolEntry[] {
    const names = this.#byConnection.get(connectionId) ?? [];
    return [...names].flatMap((name) => this.#entries.get(name) ?? []);
  }

  /** Undefined where nothing of this connection was consumed here. Attempts that may be repeated consume nothing. */
  newestOf(connectionId: string): Consumed | undefined {
    const [newest] = this.of(connectionId)
      .filter(({ epoch }) => epoch !== null)
      .toSorted(newestFirst);
    return newest && { generation: newest.generation, adopted: newest.kind === 'kept', sentAt: newest.sentAt };
  }
}

/** By generation; of one generation what was adopted comes first, then what was answered, then by time. */
export function newestFirst(one: SpoolEntry, other: SpoolEntry): number {
  return other.generation - one.generation || RANK[one.kind] - RANK[other.kind] || other.sentAt - one.sentAt;
}

/**
 * What a connection's newest adopted answer makes superfluous: older ones, and notes of what is known to be consumed. Answers
 * that wait to be adopted stay.
 */
export function outlivedBy(entries: readonly SpoolEntry[]): readonly SpoolEntry[] {
  const [newest, ...older] = entries.filter(({ kind }) => kind === 'kept').toSorted(newestFirst);
  const notes = entries.filter(({ kind, generation }) => kind === 'intent' && generation <= (newest?.generation ?? 0));
  return newest === undefined ? [] : [...older, ...notes];
}

/**
 * What the adopted answer of an attempt that may be repeated makes superfluous: notes up to its generation, and answers that were
 * there before it was sent, read or not: the provider has honoured what they were sent with once more since. An answer that came
 * while it was on its way may be the later one, and that of a credential that can be used only once is the only one: these stay.
 */
export const supersededBy = (adopted: SpoolEntry, entries: readonly SpoolEntry[]): readonly SpoolEntry[] =>
  entries.filter(
    ({ kind, epoch, generation, answeredAt }) =>
      epoch === null &&
      generation <= adopted.generation &&
      (kind === 'intent' || (kind === 'answer' && answeredAt !== null && answeredAt < adopted.sentAt)),
  );

const RANK = { kept: 0, answer: 1, intent: 2 } as const;

/** A credential may have been sent so long before the database says that it was stored: clocks differ, and are set back. */
export const CLOCK_ERROR_MS = 10_000;

/** The lowest generation that a database holds which is not older than this. */
export const leastHeld = ({ generation, adopted }: Consumed): number => (adopted ? generation + 1 : generation);

/**
 * True where what was consumed here is newer than what the database holds, which then is an older state of itself: sending its
 * credential would be sending a used one. What was sent before the credential was stored was another credential.
 * @param credentialStoredAt epoch ms of the database's clock, when its credential was last stored.
 */
export const isNewer = (consumed: Consumed, generation: number, credentialStoredAt: number): boolean =>
  !isOfEarlierCredential(consumed, credentialStoredAt) && leastHeld(consumed) > generation;

/** True where an attempt was not made with the credential that was stored at this moment, but with an earlier one. */
export const isOfEarlierCredential = ({ sentAt }: { readonly sentAt: number }, credentialStoredAt: number): boolean =>
  sentAt < credentialStoredAt - CLOCK_ERROR_MS;
