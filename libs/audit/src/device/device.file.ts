/** What is needed of a file handle of Node. */
export interface Handle {
  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
  truncate(length: number): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** A file that grows by whole pieces: each is on the disk when its append resolves, and nothing is left of one that failed. */
export class DeviceFile {
  #length = 0;
  /** Something may stand behind the last piece. */
  #torn = false;

  constructor(private readonly handle: Handle) {}

  async append(bytes: Uint8Array): Promise<void> {
    await this.#mend();
    this.#torn = true;
    try {
      await this.#write(bytes);
      await this.handle.datasync();
    } catch (error) {
      // Where this fails too, the next append tries it again before it writes anything.
      await this.#mend().catch(() => undefined);
      throw error;
    }
    this.#torn = false;
    this.#length += bytes.length;
  }

  async close(): Promise<void> {
    await this.#mend().catch(() => undefined);
    await this.handle.close();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      const place = this.#length + written;
      const { bytesWritten } = await this.handle.write(bytes, written, bytes.length - written, place);
      written += bytesWritten;
    }
  }

  /** What a failed append left behind is cut off. */
  async #mend(): Promise<void> {
    if (!this.#torn) {
      return;
    }
    await this.handle.truncate(this.#length);
    await this.handle.datasync();
    this.#torn = false;
  }
}
