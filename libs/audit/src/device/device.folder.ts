import { BrokerError } from '@app/common';
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DeviceFile } from './device.file.js';
import { FolderLock } from './folder.lock.js';
import type { Bytes } from './frame.js';

const NAME = /^(\d+)\.stream$/;
const REHEARSAL = 'rehearsal.tmp';
const REHEARSED = Buffer.alloc(4096, 1);

/** A file that can be appended to, and closed. */
export type Appendable = Pick<DeviceFile, 'append' | 'close'>;

/** The files of local streams: one a stream, named by its number. */
export interface StreamFiles {
  /** Keeps every other process out. @throws BrokerError that says what to do. */
  open(): Promise<void>;
  close(): Promise<void>;
  /** A file that begins so. Where this rejects there is none. */
  create(stream: string, first: Uint8Array): Promise<Appendable>;
  /** Numbers of the streams that are there, in order. */
  streams(): Promise<readonly string[]>;
  /** What `work` makes of the content of a stream. */
  read<Result>(stream: string, work: (bytes: Bytes) => Promise<Result>): Promise<Result>;
  remove(stream: string): Promise<void>;
  /** Writes something to the disk and removes it. Rejects where that does not work. */
  rehearse(): Promise<void>;
}

/** The folder AUDIT_SPOOL_DIR. */
export class DeviceFolder implements StreamFiles {
  #lock: FolderLock | undefined;

  constructor(private readonly path: string) {}

  async open(): Promise<void> {
    try {
      await mkdir(this.path, { mode: 0o700 }).catch(unless('EEXIST'));
      this.#lock ??= await FolderLock.take(this.path);
    } catch (error) {
      if (error instanceof BrokerError) {
        throw error;
      }
      const detail = `AUDIT_SPOOL_DIR ${this.path} cannot be used (${String(codeOf(error))}): it must be a folder on a local disk that this user may write to, in a folder that exists.`;
      throw new BrokerError('conflict', detail, { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#lock?.release();
    this.#lock = undefined;
  }

  async create(stream: string, first: Uint8Array): Promise<Appendable> {
    const file = new DeviceFile(await open(this.#pathOf(stream), 'wx', 0o600));
    try {
      await file.append(first);
      await this.#sync();
      return file;
    } catch (error) {
      await file.close();
      await this.remove(stream);
      throw error;
    }
  }

  async streams(): Promise<readonly string[]> {
    const numbers = (await readdir(this.path)).flatMap((name) => NAME.exec(name)?.[1] ?? []);
    return numbers.toSorted((one, other) => Number(BigInt(one) - BigInt(other)));
  }

  async read<Result>(stream: string, work: (bytes: Bytes) => Promise<Result>): Promise<Result> {
    const handle = await open(this.#pathOf(stream), 'r');
    try {
      return await work({ read: (offset, length) => readAt(handle, offset, length) });
    } finally {
      await handle.close();
    }
  }

  async remove(stream: string): Promise<void> {
    await rm(this.#pathOf(stream), { force: true });
    await this.#sync();
  }

  async rehearse(): Promise<void> {
    const path = join(this.path, REHEARSAL);
    const handle = await open(path, 'w', 0o600);
    try {
      await handle.write(REHEARSED);
      await handle.datasync();
    } finally {
      await handle.close();
      await rm(path, { force: true });
    }
  }

  #pathOf = (stream: string): string => join(this.path, `${stream}.stream`);

  /** A name is on the disk only when its folder is. Windows cannot open folders, and needs it not. */
  async #sync(): Promise<void> {
    if (process.platform === 'win32') {
      return;
    }
    const folder = await open(this.path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { size } = await handle.stat();
  const bytes = Buffer.alloc(Math.max(0, Math.min(length, size - offset)));
  let read = 0;
  while (read < bytes.length) {
    const { bytesRead } = await handle.read(bytes, read, bytes.length - read, offset + read);
    if (bytesRead === 0) {
      break;
    }
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown }).code;

const unless =
  (code: string) =>
  (error: unknown): void => {
    if (codeOf(error) !== code) {
      throw error;
    }
  };
