import { errorFacts, randomLetters } from '@app/common';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { KEY_BYTES, KEY_ID_PATTERN } from './key-file.js';
import { KeyFileError } from './key-file-error.js';
import { requirePrivate } from './load-keyring.js';
import { parseKeyFile } from './parse-key-file.js';

interface Entry {
  readonly id: string;
  readonly state: string;
  readonly key: string;
}

/** A key file as it stands on the disk, with whatever a newer release may have added to it. */
interface Stored {
  readonly encryption: { readonly keys: readonly Entry[] };
}

/**
 * Adds a fresh, pending encryption key to the key file; returns its id. The file changes at one stroke and keeps its mode and owner.
 * @throws KeyFileError where the file cannot be used or written, or holds a key of that id.
 */
export function addKey(path: string, id = `k-${randomLetters(12)}`): string {
  if (!KEY_ID_PATTERN.test(id)) {
    throw new KeyFileError(
      'A key\'s id is 1 to 64 letters, digits, ".", "_" or "-", beginning with a letter or digit.',
    );
  }
  change(path, (keys) => {
    if (keys.some((key) => key.id === id)) {
      throw new KeyFileError(`The key file ${path} holds a key ${id} already.`);
    }
    return [...keys, { id, state: 'pending', key: randomBytes(KEY_BYTES).toString('base64') }];
  });
  return id;
}

/**
 * Takes an encryption key out of the key file: what it sealed, also in backups, opens no more. Where it was the one that a new
 * database would begin with, the last one in the file is. @throws KeyFileError as `addKey`, or where it is the only key.
 */
export function removeKey(path: string, id: string): void {
  change(path, (keys) => {
    const removed = keys.find((key) => key.id === id);
    const rest = keys.filter((key) => key !== removed);
    if (removed === undefined || rest.length === 0) {
      throw new KeyFileError(`The key file ${path} holds no key ${id}, or no other: nothing was changed.`);
    }
    return removed.state === 'primary'
      ? rest.map((key, index) => (index === rest.length - 1 ? { ...key, state: 'primary' } : key))
      : rest;
  });
}

/** Two who change the file at once do not undo each other: the draft's name can be had by one only. */
function change(path: string, edit: (keys: readonly Entry[]) => readonly Entry[]): void {
  const target = resolved(path);
  const draft = `${target}.new`;
  const file = openDraft(draft);
  try {
    const { text, uid, gid } = readOwned(target);
    const stored = JSON.parse(text) as Stored;
    const keys = edit(stored.encryption.keys);
    writeSync(file, `${JSON.stringify({ ...stored, encryption: { ...stored.encryption, keys } }, null, 2)}\n`);
    giveTo(file, uid, gid);
    fsyncSync(file);
    renameSync(draft, target);
    syncFolder(dirname(target));
  } catch (error) {
    rmSync(draft, { force: true });
    throw error instanceof KeyFileError ? error : unwritable(path, error);
  } finally {
    closeSync(file);
  }
}

/** A link stays one: its target is what is replaced. */
function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw new KeyFileError(`The key file ${path} cannot be found (${errorFacts(error).error_code}).`);
  }
}

function openDraft(draft: string): number {
  try {
    return openSync(draft, 'wx', 0o600);
  } catch (error) {
    const { error_code: code } = errorFacts(error);
    throw code === 'EEXIST'
      ? new KeyFileError(
          `${draft} is there: somebody changes the key file just now, or was killed at it. Remove it then.`,
        )
      : unwritable(draft, error);
  }
}

function readOwned(path: string): { readonly text: string; readonly uid: number; readonly gid: number } {
  const file = openSync(path, 'r');
  try {
    const stats = fstatSync(file);
    requirePrivate(stats, path);
    const text = readFileSync(file, 'utf8');
    parseKeyFile(text, path);
    return { text, uid: stats.uid, gid: stats.gid };
  } finally {
    closeSync(file);
  }
}

/** Whoever may use the file before may use it afterwards: root changes it for the user that runs the broker. */
function giveTo(file: number, uid: number, gid: number): void {
  const own = fstatSync(file);
  if (process.platform !== 'win32' && (own.uid !== uid || own.gid !== gid)) {
    fchownSync(file, uid, gid);
  }
}

function syncFolder(path: string): void {
  if (process.platform === 'win32') {
    return;
  }
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

const unwritable = (path: string, error: unknown): KeyFileError =>
  new KeyFileError(
    `The key file ${path} cannot be changed (${errorFacts(error).error_code}): run this as its owner, where its folder can be written. ` +
      'A file that an orchestrator mounts is changed at its source.',
  );
