import type { Handle } from '../device.file.js';
import { DeviceFile } from '../device.file.js';
import type { Appendable, StreamFiles } from '../device.folder.js';
import type { Bytes } from '../frame.js';

const failure = (code: string): Error => Object.assign(new Error(code), { code });

/** A disk of so many bytes whose files are Buffers. */
export class MemoryFiles implements StreamFiles {
  readonly contents = new Map<string, Buffer>();
  /** Bytes that still fit. */
  room = Number.POSITIVE_INFINITY;
  /** Nothing works any more, not even cutting off what was written. */
  broken = false;
  opened = 0;
  closed = 0;

  async open(): Promise<void> {
    this.opened += 1;
  }

  async close(): Promise<void> {
    this.closed += 1;
  }

  async create(stream: string, first: Uint8Array): Promise<Appendable> {
    this.contents.set(stream, Buffer.alloc(0));
    const file = new DeviceFile(this.#handleOf(stream));
    await file.append(first).catch((error: unknown) => {
      this.contents.delete(stream);
      throw error;
    });
    return file;
  }

  async streams(): Promise<readonly string[]> {
    return [...this.contents.keys()].toSorted();
  }

  read<Result>(stream: string, work: (bytes: Bytes) => Promise<Result>): Promise<Result> {
    const content = this.contents.get(stream) ?? Buffer.alloc(0);
    return work({ read: async (offset, length) => content.subarray(offset, offset + length) });
  }

  async remove(stream: string): Promise<void> {
    this.contents.delete(stream);
  }

  async rehearse(): Promise<void> {
    this.#require(1);
  }

  #handleOf = (stream: string): Handle => ({
    write: async (bytes, offset, length, position) => {
      this.#require(1);
      const bytesWritten = Math.min(length, this.room);
      this.room -= bytesWritten;
      const piece = bytes.subarray(offset, offset + bytesWritten);
      this.contents.set(
        stream,
        Buffer.concat([(this.contents.get(stream) ?? Buffer.alloc(0)).subarray(0, position), piece]),
      );
      return { bytesWritten };
    },
    truncate: async (length) => {
      this.#require(0);
      const content = this.contents.get(stream) ?? Buffer.alloc(0);
      this.room += content.length - length;
      this.contents.set(stream, content.subarray(0, length));
    },
    datasync: async () => this.#require(0),
    close: async () => undefined,
  });

  #require(bytes: number): void {
    if (this.broken) {
      throw failure('EIO');
    }
    if (this.room < bytes) {
      throw failure('ENOSPC');
    }
  }
}
