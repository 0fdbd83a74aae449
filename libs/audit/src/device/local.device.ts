import type { Clock } from '@app/common';
import type { Receipt } from '../writing/audit.store.js';
import type { AuditRow } from '../writing/row.js';
import { Stream } from '../writing/stream.js';
import type { Appendable, StreamFiles } from './device.folder.js';
import { noteWritten } from './device.metrics.js';
import { encodeFrame } from './frame.js';
import type { NewSeal, StreamSeal, StreamSeals } from './stream.seal.js';

const LOCAL: Receipt = { mark: undefined, device: 'local' };

/** What the next stream needs that cannot be had while the database is away. */
interface Reserve extends NewSeal {
  readonly number: string;
}

interface OpenStream {
  readonly stream: Stream;
  readonly file: Appendable;
  readonly seal: StreamSeal;
}

/** Local streams, one after the other: rows on this replica's own disk, chained and sealed. */
export class LocalDevice {
  #reserve: Reserve | undefined;
  #open: OpenStream | undefined;
  #failing = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly files: StreamFiles,
    private readonly seals: StreamSeals,
    private readonly replica: string,
    private readonly clock: Clock,
  ) {}

  /** The number of the stream that is written to, if any. */
  get current(): string | undefined {
    return this.#open?.stream.id;
  }

  /** The next stream gets this number, which is the database's to give. */
  async reserve(number: string): Promise<void> {
    this.#reserve = { number, ...(await this.seals.create(number)) };
  }

  /** Resolves once the rows are on the disk, whatever happens to the process or the machine. */
  write(rows: readonly AuditRow[]): Promise<Receipt> {
    return this.#inTurn(async () => {
      try {
        await this.#append(rows);
        this.#failing = false;
        return LOCAL;
      } catch (error) {
        this.#failing = true;
        throw error;
      }
    });
  }

  /** Ends the current stream, if any: what is written from now on begins the next one. Never rejects. */
  finish(): Promise<void> {
    return this.#inTurn(async () => {
      const open = this.#open;
      this.#open = undefined;
      await open?.file.close().catch(() => undefined);
    });
  }

  /** Whether rows could be written, as far as is known: after a write that failed, the disk is tried. Never rejects. */
  async isWritable(): Promise<boolean> {
    if (!this.#failing) {
      return true;
    }
    return this.files.rehearse().then(
      () => true,
      () => false,
    );
  }

  async #append(rows: readonly AuditRow[]): Promise<void> {
    const { stream, file, seal } = (this.#open ??= await this.#begin());
    const batch = stream.extend(rows, this.clock.now());
    await file.append(encodeFrame(seal.seal(batch)));
    stream.advance(batch);
    noteWritten(stream.id, rows.length);
  }

  async #begin(): Promise<OpenStream> {
    const reserve = this.#reserve;
    if (reserve === undefined) {
      throw new Error('No number is reserved for a local stream.');
    }
    const { number, seal, sealedKey } = reserve;
    const file = await this.files.create(number, encodeFrame(sealedKey));
    // What was reserved meanwhile is for the stream after this one.
    this.#reserve = this.#reserve === reserve ? undefined : this.#reserve;
    return { stream: new Stream(number, this.replica, 'local'), file, seal };
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}
