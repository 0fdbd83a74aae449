import { errorFacts } from '@app/common';
import { closeSync, fstatSync, openSync, readFileSync, type Stats, statSync } from 'node:fs';
import type { KeyFile } from './key-file.js';
import { KeyFileError } from './key-file-error.js';
import { Keyring } from './keyring.js';
import { parseKeyFile } from './parse-key-file.js';

/** The keyring of the file at `path`. Throws a KeyFileError where it is absent, open to others or malformed. */
export function loadKeyring(path: string): Keyring {
  return new Keyring(new KeyFileOnDisk(path).read());
}

/** A key file that is read again where it changed. */
export class KeyFileOnDisk {
  #seen = '';

  constructor(private readonly path: string) {}

  /** @throws KeyFileError where it is absent, open to others or malformed. */
  read(): KeyFile {
    const { text, stats } = readPrivately(this.path);
    const file = parseKeyFile(text, this.path);
    this.#seen = versionOf(stats);
    return file;
  }

  /** Undefined where it is as it was when it was last read. @throws KeyFileError as `read`. */
  readIfChanged(): KeyFile | undefined {
    const stats = statSync(this.path, { throwIfNoEntry: false });
    return stats !== undefined && versionOf(stats) === this.#seen ? undefined : this.read();
  }
}

const versionOf = ({ ino, mtimeMs, size }: Stats): string => `${ino}/${mtimeMs}/${size}`;

function readPrivately(path: string): { readonly text: string; readonly stats: Stats } {
  const file = open(path);
  try {
    // The open file is asked, not the path, which may name another file a moment later.
    const stats = fstatSync(file);
    if (stats.isDirectory()) {
      throw new KeyFileError(`The key file ${path} is a folder: name the file in it.`);
    }
    requirePrivate(stats, path);
    return { text: readFileSync(file, 'utf8'), stats };
  } catch (error) {
    if (error instanceof KeyFileError) {
      throw error;
    }
    throw new KeyFileError(`The key file ${path} cannot be read (${errorFacts(error).error_code}).`);
  } finally {
    closeSync(file);
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const { error_code: code } = errorFacts(error);
    throw new KeyFileError(
      code === 'ENOENT'
        ? `The key file ${path} does not exist. Set KEYS_FILE to yours, or write a fresh one with "claviger keys generate --out ${path}".`
        : `The key file ${path} cannot be read (${code}): it must be readable by the user that runs the broker.`,
    );
  }
}

/**
 * Throws a KeyFileError where the mode lets anyone but the owner at the file, or lets anyone run it (0600 or stricter passes).
 * Windows keeps no such modes; its access lists are not looked at.
 */
export function requirePrivate(
  { mode }: Pick<Stats, 'mode'>,
  path: string,
  platform: NodeJS.Platform = process.platform,
): void {
  if (platform === 'win32' || (mode & 0o777 & ~0o600) === 0) {
    return;
  }
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  throw new KeyFileError(`The key file ${path} has mode ${shown}, others could use it: run "chmod 600 ${path}".`);
}
