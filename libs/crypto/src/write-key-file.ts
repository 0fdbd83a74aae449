import { errorFacts } from '@app/common';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, copyFileSync, fsyncSync, linkSync, openSync, rmSync, writeSync } from 'node:fs';
import { KeyFileError } from './key-file-error.js';
import { formatKeyFile, generateKeyFile } from './key-file.js';

/**
 * Writes a fresh key file, mode 0600. It appears under `path` complete or not at all, and never replaces a file that is
 * there: then, or where the folder cannot be written, a KeyFileError says what to do.
 */
export function writeKeyFile(path: string): void {
  if (!createKeyFile(path)) {
    throw new KeyFileError(
      `${path} exists already and is not overwritten: what its keys have sealed could never be opened again. Choose another path.`,
    );
  }
}

/** As `writeKeyFile`, but answers false where the file is there already, for processes that start at once. */
export function createKeyFile(path: string): boolean {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeDurably(draft, formatKeyFile(generateKeyFile()));
    publish(draft, path);
    return true;
  } catch (error) {
    const { error_code: code } = errorFacts(error);
    if (code === 'EEXIST') {
      return false;
    }
    throw new KeyFileError(
      `The key file ${path} cannot be written (${code}): choose a folder that exists and is yours.`,
    );
  } finally {
    rmSync(draft, { force: true });
  }
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A link is created whole and fails where the name is taken, which a rename does not. */
function publish(draft: string, path: string): void {
  try {
    linkSync(draft, path);
  } catch (error) {
    if (errorFacts(error).error_code === 'EEXIST') {
      throw error;
    }
    // Some shared folders know no links; the copy is as exclusive, only not at one stroke.
    copyFileSync(draft, path, constants.COPYFILE_EXCL);
  }
}
