import type { DatabaseIdentity } from './spool-entry.js';
import type { SpoolFolder } from './spool.folder.js';

/** Name of the file that holds the highest epoch seen, and of which database. */
export const EPOCH_FILE = 'epoch.json';
const EPOCH_DRAFT = /^epoch\.json\.\w+\.tmp$/;

/** How many one-shot attempts a database had counted. */
export interface SeenEpoch {
  readonly database: DatabaseIdentity;
  readonly epoch: number;
}

/** True for the file itself, and for one in which it was being written. */
export const isEpochFile = (name: string): boolean => name === EPOCH_FILE || EPOCH_DRAFT.test(name);

/** What the folder's file says; undefined where there is none or it cannot be read. */
export async function readEpoch(folder: SpoolFolder): Promise<SeenEpoch | undefined> {
  const text = await folder.read(EPOCH_FILE);
  try {
    const stored = JSON.parse(text ?? '') as Record<string, unknown>;
    const { system_identifier: systemIdentifier, timeline, epoch } = stored;
    return typeof systemIdentifier === 'string' && typeof timeline === 'number' && typeof epoch === 'number'
      ? { database: { systemIdentifier, timeline }, epoch }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Resolves when it is on the disk. */
export const writeEpoch = (folder: SpoolFolder, { database, epoch }: SeenEpoch): Promise<void> =>
  folder.write(
    EPOCH_FILE,
    `${JSON.stringify({ system_identifier: database.systemIdentifier, timeline: database.timeline, epoch })}\n`,
  );

/** The highest epoch that is known of each database. One database says nothing of another. */
export class KnownEpochs {
  readonly #highest: Map<string, number>;

  constructor(highest: Iterable<readonly [string, number]> = []) {
    this.#highest = new Map(highest);
  }

  note(database: DatabaseIdentity | null, epoch: number | null): void {
    if (database !== null && epoch !== null) {
      this.#highest.set(keyOf(database), Math.max(epoch, this.of(database)));
    }
  }

  /** What is known now; it does not change any more. */
  copy(): KnownEpochs {
    return new KnownEpochs(this.#highest);
  }

  /** 0 where nothing is known. */
  of(database: DatabaseIdentity): number {
    return this.#highest.get(keyOf(database)) ?? 0;
  }
}

const keyOf = ({ systemIdentifier, timeline }: DatabaseIdentity): string => `${systemIdentifier}/${timeline}`;
