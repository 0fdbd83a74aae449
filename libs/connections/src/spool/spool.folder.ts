import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A folder whose files appear whole or not at all, and outlive a crash of the machine once they are written. */
export class SpoolFolder {
  #syncing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(readonly path: string) {}

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
      await rename(join(this.path, draft), join(this.path, name));
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
      await write();
    }
  }

  /** Resolves when all names that stand by now are on the disk. Whoever asks while one sync is under way shares the next one. */
  #sync(): Promise<void> {
    this.#next ??= this.#syncing.then(() => {
      this.#next = undefined;
      const sync = syncFolder(this.path);
      this.#syncing = sync.catch(() => undefined);
      return sync;
    });
    return this.#next;
  }

  /** Gives a file another name; false where it is not there. What had that name is replaced. */
  async move(from: string, to: string): Promise<boolean> {
    const moved = await unlessAbsent(async () => {
      await rename(join(this.path, from), join(this.path, to));
      return true;
    });
    return moved === true;
  }

  /** Without effect where it is gone already. */
  async remove(name: string): Promise<void> {
    await unlessAbsent(() => unlink(join(this.path, name)));
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

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A name is on the disk only when its folder is. Windows cannot open folders, and needs it not. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') {
    return;
  }
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
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
