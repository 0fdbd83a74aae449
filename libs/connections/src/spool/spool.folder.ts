import { randomBytes } from 'node:crypto';
import { close, constants, fsync, open, rename, unlink, writeFile } from 'node:fs';
import { access, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** What every refresh does with files. `fs/promises` does the same for more: an object for each open file, an error's stack for each call. */
const files = {
  open: promisify(open),
  sync: promisify(fsync),
  close: promisify(close),
  write: promisify(writeFile),
  rename: promisify(rename),
  unlink: promisify(unlink),
};

/** A folder whose files appear whole or not at all, and outlive a crash of the machine once they are written. */
export class SpoolFolder {
  #syncing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  readonly #handle: FolderHandle;

  constructor(readonly path: string) {
    this.#handle = new FolderHandle(path);
  }

  /** Makes the folder, for its owner alone, where it is not there. */
  async ensure(): Promise<void> {
    if (!(await this.exists())) {
      await makeFolder(this.path);
    }
  }

  async exists(): Promise<boolean> {
    return access(this.path, constants.R_OK).then(
      () => true,
      (error: unknown) => {
        if (isAbsent(error)) {
          return false;
        }
        throw error;
      },
    );
  }

  /** The lowest nine bits of its mode. */
  async mode(): Promise<number> {
    return (await stat(this.path)).mode & 0o777;
  }

  names(): Promise<string[]> {
    return readdir(this.path);
  }

  /** The text of a file, or undefined where it is gone. */
  async read(name: string): Promise<string | undefined> {
    return unlessAbsent(() => readFile(join(this.path, name), 'utf8'));
  }

  /** Resolves when the file is on the disk under its name, whatever happens to the process or the machine. The folder is made where it is gone. */
  async write(name: string, text: string): Promise<void> {
    const draft = `${name}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      await this.#writeDraft(draft, text);
      await files.rename(join(this.path, draft), join(this.path, name));
    } catch (error) {
      await this.remove(draft).catch(() => undefined);
      throw error;
    }
    await this.#sync();
  }

  /** The folder is made where it turns out to be gone: asking first would cost every file a look. */
  async #writeDraft(name: string, text: string): Promise<void> {
    const write = async (): Promise<true> => {
      await writeDurably(join(this.path, name), text);
      return true;
    };
    if ((await unlessAbsent(write)) === undefined) {
      await this.ensure();
      this.#handle.forget();
      await write();
    }
  }

  /** Resolves when all names that stand by now are on the disk. Whoever asks while one sync is under way shares the next one. */
  #sync(): Promise<void> {
    this.#next ??= this.#syncing.then(() => {
      this.#next = undefined;
      const sync = this.#handle.sync();
      this.#syncing = sync.catch(() => undefined);
      return sync;
    });
    return this.#next;
  }

  /** Gives a file another name; false where it is not there. What had that name is replaced. */
  async move(from: string, to: string): Promise<boolean> {
    const moved = await unlessAbsent(async () => {
      await files.rename(join(this.path, from), join(this.path, to));
      return true;
    });
    return moved === true;
  }

  /** Without effect where it is gone already. */
  async remove(name: string): Promise<void> {
    await unlessAbsent(() => files.unlink(join(this.path, name)));
  }
}

/** As `mkdir -p`; Node's own recursive variant never returns for folders that cannot exist, such as /proc/x. */
async function makeFolder(path: string): Promise<void> {
  const parent = dirname(path);
  if (parent !== path && !(await new SpoolFolder(parent).exists())) {
    await makeFolder(parent);
  }
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') {
      throw error;
    }
  });
}

const writeDurably = (path: string, text: string): Promise<void> =>
  files.write(path, text, { flag: 'wx', mode: 0o600, flush: true });

/** Somebody may have put another folder in the place of the one that is open. */
const KEPT_MS = 1000;

/**
 * A name is on the disk only when its folder is. What was opened for one sync serves those of the next second, as opening costs as much
 * as syncing; it stays open until the first one after that. Windows cannot open folders, and needs it not.
 */
class FolderHandle {
  #open: { readonly descriptor: number; readonly since: number } | undefined;
  #isOver = false;

  constructor(private readonly path: string) {}

  /** To be called by one at a time. */
  async sync(): Promise<void> {
    if (process.platform !== 'win32') {
      const descriptor = await this.#descriptor();
      await files.sync(descriptor).catch((error: unknown) => {
        // A descriptor tells of a failure once: the next sync of it would seem to be good.
        this.forget();
        throw error;
      });
    }
  }

  /** The folder was made anew, or could not be synced: the next sync opens it again. */
  forget(): void {
    this.#isOver = true;
  }

  async #descriptor(): Promise<number> {
    const held = this.#open;
    if (held !== undefined && !this.#isOver && performance.now() - held.since < KEPT_MS) {
      return held.descriptor;
    }
    this.#open = undefined;
    this.#isOver = false;
    await (held === undefined ? undefined : files.close(held.descriptor));
    const descriptor = await files.open(this.path, 'r');
    this.#open = { descriptor, since: performance.now() };
    return descriptor;
  }
}

async function unlessAbsent<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isAbsent(error)) {
      return undefined;
    }
    throw error;
  }
}

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown }).code;
const isAbsent = (error: unknown): boolean => codeOf(error) === 'ENOENT';
