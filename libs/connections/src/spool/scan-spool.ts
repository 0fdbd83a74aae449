import type { SpoolEntry } from './spool-entry.js';
import { isEpochFile } from './epoch-file.js';
import { isDraft, parseEntries, parseName } from './spool-file.js';
import type { SpoolFolder } from './spool.folder.js';

/** So many files are read at once. */
const AT_ONCE = 32;

/** What a file says. */
export interface ScannedFile {
  readonly name: string;
  readonly entries: readonly SpoolEntry[];
}

/** What a folder holds. */
export interface Scan {
  readonly files: readonly ScannedFile[];
  /** Files of the spool that are damaged. */
  readonly damaged: readonly string[];
  /** Files that are none of the spool's. */
  readonly foreign: readonly string[];
  /** Files that were being written when somebody died, or are being written. */
  readonly drafts: readonly string[];
}

/** Reads the readable parts of all files but those that `skip` knows. Changes nothing. */
export async function scanSpool(folder: SpoolFolder, skip: (name: string) => boolean = () => false): Promise<Scan> {
  const names = (await folder.names()).filter((name) => !isEpochFile(name) && !skip(name));
  const files: ScannedFile[] = [];
  const damaged: string[] = [];
  const ours = names.filter((name) => parseName(name) !== undefined);
  const queue = ours.values();
  const work = async (): Promise<void> => {
    for (const name of queue) {
      const text = await folder.read(name);
      const entries = text === undefined ? undefined : tryParse(name, text);
      if (entries !== undefined) {
        files.push({ name, entries });
      } else if (text !== undefined) {
        // A file that is gone by now was not damaged: its work is done.
        damaged.push(name);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const others = names.filter((name) => parseName(name) === undefined);
  return { files, damaged, foreign: others.filter((name) => !isDraft(name)), drafts: others.filter(isDraft) };
}

/** What a file of this name says; undefined where it is not whole, or is another one. */
export function tryParse(name: string, text: string): readonly SpoolEntry[] | undefined {
  try {
    return parseEntries(name, text);
  } catch {
    return undefined;
  }
}
