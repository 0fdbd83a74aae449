import { errorFacts, type Log, type LogFacts } from '@app/common';
import { GatheredStatements } from '../gathered-statements.js';
import { KnownEpochs, readEpoch, type SeenEpoch, writeEpoch } from './epoch-file.js';
import { NoteFiles } from './note-files.js';
import { scanSpool, type ScannedFile, tryParse } from './scan-spool.js';
import { isSameDatabase, type SpoolEntry, type SpoolKind } from './spool-entry.js';
import { nameOf, nameOfDraft } from './spool-file.js';
import { SpoolFolder } from './spool.folder.js';
import { SpoolIndex } from './spool.index.js';

/** Folders that others may look into are told of once: what is readable there are ids and times. */
const FOR_OTHERS = 0o077;

/** A note of an attempt, and its line. */
interface Note {
  readonly entry: SpoolEntry;
  readonly text: string;
}

/** The folder of a spool with what is known of it in memory, so that few questions need the disk. */
export class SpoolStore {
  readonly index = new SpoolIndex();
  readonly epochs = new KnownEpochs();
  readonly #folder: SpoolFolder;
  readonly #noteFiles = new NoteFiles();
  readonly #notes = new GatheredStatements<Note, void>((notes) => this.#writeNotes(notes));
  readonly #told = new Set<string>();
  #opening: Promise<void> | undefined;
  #written: SeenEpoch | undefined;

  constructor(
    readonly path: string,
    private readonly log: Log,
  ) {
    this.#folder = new SpoolFolder(path);
  }

  /** Makes the folder where it is not there, and reads all of it, once. @throws Error where that is not possible, now. */
  async open(): Promise<void> {
    this.#opening ??= this.#readAll();
    try {
      await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  /** Finds answers that another process left since. */
  async lookAgain(): Promise<void> {
    await this.open();
    await this.#scan((name) => !name.endsWith('.answer') || this.index.has(name));
  }

  /** Resolves when the answer's file is on the disk. */
  async write(entry: SpoolEntry, text: string): Promise<void> {
    await this.open();
    await this.#folder.write(nameOf(entry.attempt, entry.kind), text);
    this.#add(entry);
  }

  /** Resolves when the note is on the disk. Notes that come together are one file: each file is six ways to the disk and back. */
  async note(entry: SpoolEntry, text: string): Promise<void> {
    await this.open();
    await this.#notes.ask({ entry, text });
  }

  /** The text of a file, or undefined where it is gone by now. */
  async textOf(entry: SpoolEntry): Promise<string | undefined> {
    const text = await this.#folder.read(nameOf(entry.attempt, entry.kind));
    if (text === undefined) {
      this.index.remove(entry);
    }
    return text;
  }

  /** Makes a file one of another kind. Another process may have done so before. */
  async turn(entry: SpoolEntry, kind: SpoolKind): Promise<void> {
    await this.#folder.move(nameOf(entry.attempt, entry.kind), nameOf(entry.attempt, kind));
    this.index.remove(entry);
    this.index.add({ ...entry, kind });
  }

  /** What does not open needs no key. */
  forgetKey(entry: SpoolEntry): void {
    this.index.add({ ...entry, sealedWith: null });
  }

  /** A file of notes goes with the last of them. */
  async remove(entries: readonly SpoolEntry[]): Promise<void> {
    // A note may be named twice: as its attempt's own, and as one that a newer answer outlives.
    const removed = new Map(entries.map((entry) => [nameOf(entry.attempt, entry.kind), entry]));
    removed.forEach((entry) => this.index.remove(entry));
    await Promise.all(
      [...removed].map(([name, { attempt, kind }]) =>
        kind === 'intent' ? this.#removeNote(attempt) : this.#folder.remove(name),
      ),
    );
  }

  /** Writes the highest epoch of this database where the file does not say it. Never rejects. */
  async follow({ database, epoch }: SeenEpoch): Promise<void> {
    this.epochs.note(database, epoch);
    const highest = { database, epoch: this.epochs.of(database) };
    if (isSameDatabase(this.#written?.database ?? null, database) && this.#written?.epoch === highest.epoch) {
      return;
    }
    try {
      await this.open();
      await this.#folder.ensure();
      await writeEpoch(this.#folder, { database, epoch: this.epochs.of(database) });
      this.#written = highest;
      this.#told.delete('epoch');
    } catch (error) {
      this.tell('epoch', 'The epoch cannot be kept in the spool folder; it is tried again.', errorFacts(error));
    }
  }

  /** Logs once what will be so again. */
  tell(what: string, message: string, facts: LogFacts = {}): void {
    if (!this.#told.has(what)) {
      this.#told.add(what);
      this.log.error(message, { source: this.path, ...facts });
    }
  }

  async #writeNotes(notes: readonly Note[]): Promise<readonly void[]> {
    const attempts = notes.map(({ entry }) => entry.attempt);
    const file = nameOf(attempts[0] ?? '', 'intent');
    await this.#folder.write(file, notes.map(({ text }) => text).join(''));
    this.#noteFiles.hold(file, attempts);
    return notes.map(({ entry }) => this.#add(entry));
  }

  /** Of a note that another process wrote only the name can be known: where others stand beside it, the file is left to that process. */
  async #removeNote(attempt: string): Promise<void> {
    if (this.#noteFiles.has(attempt)) {
      const file = this.#noteFiles.release(attempt);
      await (file === undefined ? undefined : this.#folder.remove(file));
      return;
    }
    const name = nameOf(attempt, 'intent');
    const text = await this.#folder.read(name);
    if (text !== undefined && tryParse(name, text)?.length === 1) {
      await this.#folder.remove(name);
    }
  }

  async #readAll(): Promise<void> {
    await this.#folder.ensure();
    if (process.platform !== 'win32' && ((await this.#folder.mode()) & FOR_OTHERS) !== 0) {
      this.log.warn('The spool folder is open to others: make it 0700.', { source: this.path });
    }
    const seen = await readEpoch(this.#folder);
    if (seen !== undefined) {
      this.#written = seen;
      this.epochs.note(seen.database, seen.epoch);
    }
    const { drafts } = await this.#scan(() => false);
    await this.#finish(drafts);
  }

  async #scan(skip: (name: string) => boolean) {
    const scan = await scanSpool(this.#folder, skip);
    scan.files.forEach((file) => this.#addFile(file));
    scan.damaged.forEach((name) => this.tell(name, 'A file of the spool is damaged; it is left as it is.'));
    if (scan.foreign.length > 0) {
      const count = scan.foreign.length;
      this.tell('foreign', 'Files in the spool folder are none of its own; they are left as they are.', { count });
    }
    return scan;
  }

  /** An answer that was on the disk when its process died, only not yet under its name, gets it now. */
  async #finish(drafts: readonly string[]): Promise<void> {
    for (const draft of drafts) {
      const name = nameOfDraft(draft);
      const text = name?.endsWith('.answer') === true ? await this.#folder.read(draft) : undefined;
      // However young: whoever was killed is back within seconds, and by then the token it consumed must not go out again.
      if (name !== undefined && text !== undefined && tryParse(name, text) !== undefined) {
        await this.#folder.move(draft, name);
      }
    }
    await this.#scan((name) => this.index.has(name));
  }

  #addFile({ name, entries }: ScannedFile): void {
    const notes = entries.filter(({ kind }) => kind === 'intent');
    if (notes.length > 0) {
      this.#noteFiles.hold(
        name,
        notes.map(({ attempt }) => attempt),
      );
    }
    entries.forEach((entry) => this.#add(entry));
  }

  #add(entry: SpoolEntry): void {
    this.index.add(entry);
    this.epochs.note(entry.database, entry.epoch);
  }
}
