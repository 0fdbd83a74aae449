import {
  type Checkpoint,
  hashOfCheckpoint,
  isSignedBy,
  NO_CHECKPOINT,
  parseCheckpoint,
  type SignedCheckpoint,
} from '../chain/checkpoint.js';
import { type Fault, newFault } from './fault.js';
import type { StoredCheckpoint } from './log-source.js';
import type { PublicKeys } from './public-keys.js';

/** The checkpoint that the next one is chained to; `hash` is undefined where it is taken as given. */
export interface ChainedTo {
  readonly number: number;
  readonly hash: string | undefined;
}

/** What the first checkpoint of all is chained to. */
export const BEFORE_THE_FIRST: ChainedTo = { number: 0, hash: NO_CHECKPOINT };

/** Checkpoints that are held outside the database, by number: the newest that can be trusted. */
export interface HeldCheckpoints {
  /** Number of the newest; 0 where there is none. */
  readonly newest: number;
  find(number: number): SignedCheckpoint | undefined;
}

/** Checkpoints in the order of their numbers: who signed each, and whether one follows the other. */
export class CheckpointChain {
  count = 0;
  fault: Fault | undefined;
  #last: ChainedTo | undefined;

  /** `first` is what the first is chained to; undefined where any may be the first. */
  constructor(
    private readonly keys: PublicKeys,
    first: ChainedTo | undefined,
    private readonly held?: HeldCheckpoints,
  ) {
    this.#last = first;
  }

  /** Number of the last that was seen. */
  get lastNumber(): number {
    return this.#last?.number ?? 0;
  }

  /** What it says, where the holder of the key signed it, so that its heads can be relied on; else undefined. */
  accept(stored: StoredCheckpoint): Checkpoint | undefined {
    const checkpoint = readSigned(stored, this.lastNumber + 1, this.keys);
    if ('kind' in checkpoint) {
      this.note(checkpoint);
      this.#last = { number: stored.columns?.number ?? this.lastNumber + 1, hash: undefined };
      return undefined;
    }
    this.note(this.#misplaced(checkpoint) ?? this.#contradicted(checkpoint, stored));
    this.count += 1;
    this.#last = { number: checkpoint.number, hash: hashOfCheckpoint(stored) };
    return checkpoint;
  }

  /** To be called after the last one that the source should hold. */
  end(last: number): void {
    if (this.lastNumber < last) {
      this.note(missing(this.lastNumber + 1, last));
    }
  }

  /** To be called where the end is that of the whole log: nothing newer may be held outside. */
  compareWithHeld(): void {
    if (this.held !== undefined && this.held.newest > this.lastNumber) {
      const found = `Checkpoint ${this.held.newest} is held outside, and the newest of the log is ${this.lastNumber}.`;
      this.note(newFault('rolled_back', null, this.lastNumber + 1, found));
    }
  }

  /** Streams say that they were signed further than the last checkpoint. */
  cutShort(stream: string, seq: number): void {
    const found = `The checkpoint that names ${stream}-${seq} is missing at the end.`;
    this.note(newFault('checkpoint_missing', null, this.lastNumber + 1, found));
  }

  #misplaced({ number, previous }: Checkpoint): Fault | undefined {
    if (this.#last === undefined) {
      return undefined;
    }
    const { number: last, hash } = this.#last;
    if (number > last + 1) {
      return missing(last + 1, number - 1);
    }
    if (number <= last) {
      return newFault('checkpoint_forged', null, number, `Checkpoint ${number} stands behind checkpoint ${last}.`);
    }
    return hash !== undefined && previous !== hash
      ? newFault('checkpoint_forged', null, number, `Checkpoint ${number} is not chained to the one before it.`)
      : undefined;
  }

  #contradicted({ number }: Checkpoint, stored: SignedCheckpoint): Fault | undefined {
    const held = this.held?.find(number);
    return held === undefined || hashOfCheckpoint(held) === hashOfCheckpoint(stored)
      ? undefined
      : newFault('rolled_back', null, number, `Checkpoint ${number} is another one than the one held outside.`);
  }

  /** Keeps the first fault; that the whole database went back outweighs what follows of it. */
  note(fault: Fault | undefined): void {
    if (this.fault === undefined || (fault?.kind === 'rolled_back' && this.fault.kind !== 'rolled_back')) {
      this.fault = fault;
    }
  }
}

/** What a checkpoint says, or why it cannot be relied on. `number` is the one that it should have. */
export function readSigned(stored: StoredCheckpoint, number: number, keys: PublicKeys): Checkpoint | Fault {
  const place = stored.columns?.number ?? number;
  const checkpoint = parsed(stored.body);
  if (checkpoint === undefined) {
    return newFault('checkpoint_forged', null, place, `The text of checkpoint ${place} is none of a checkpoint.`);
  }
  const key = keys.get(checkpoint.key);
  if (key === undefined) {
    const found = `Checkpoint ${checkpoint.number} names the key ${JSON.stringify(checkpoint.key)}, which is not known here.`;
    return newFault('unknown_key', null, place, found);
  }
  if (!isSignedBy(stored, key)) {
    return newFault('checkpoint_forged', null, place, `The signature of checkpoint ${place} does not fit its text.`);
  }
  const { columns } = stored;
  const agree =
    columns === undefined ||
    (columns.number === checkpoint.number &&
      Date.parse(columns.at) === Date.parse(checkpoint.at) &&
      columns.keyId === checkpoint.key &&
      columns.retiredBefore === (checkpoint.retired?.before ?? null));
  return agree
    ? checkpoint
    : newFault(
        'checkpoint_forged',
        null,
        place,
        `The columns of checkpoint ${place} say something else than its text.`,
      );
}

function parsed(body: string): Checkpoint | undefined {
  try {
    const value: unknown = parseCheckpoint(body);
    const { number, at, key, streams } = Object(value) as Partial<Checkpoint>;
    const isOne =
      typeof number === 'number' && typeof at === 'string' && typeof key === 'string' && Array.isArray(streams);
    return isOne ? (value as Checkpoint) : undefined;
  } catch {
    return undefined;
  }
}

const missing = (first: number, last: number): Fault =>
  newFault(
    'checkpoint_missing',
    null,
    first,
    first === last ? `Checkpoint ${first} is missing.` : `The checkpoints ${first} to ${last} are missing.`,
  );
