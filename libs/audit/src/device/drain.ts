import { errorFacts, type Log } from '@app/common';
import { EnvelopeError } from '@app/crypto';
import { sameLink } from '../chain/chain.js';
import type { AuditBatch } from '../writing/audit.store.js';
import type { StreamFiles } from './device.folder.js';
import { drainedRows, noteDrained } from './device.metrics.js';
import type { DrainStore, Standing } from './drain.store.js';
import { type Bytes, DamagedFile, readFrames } from './frame.js';
import type { StreamSeals } from './stream.seal.js';

/** Resolves after so many milliseconds. */
export type Pause = (ms: number) => Promise<void>;

const sleep: Pause = (ms) => new Promise((resolve) => void setTimeout(resolve, ms));

/**
 * Brings local streams into the database: each in order, batch by batch, with the statement that appends use. The head in the
 * database says how far it got, so it may be ended anywhere and begun again.
 */
export class Drain {
  /** Streams whose files are kept for a person to look at. */
  readonly #kept = new Set<string>();
  #stopped = false;

  constructor(
    private readonly files: StreamFiles,
    private readonly seals: StreamSeals,
    private readonly store: DrainStore,
    private readonly log: Log,
    private readonly pause: Pause = sleep,
  ) {}

  /** Drains every stream but the one that is still written to. Rejects where the database does not take them now. */
  async run(current?: string): Promise<void> {
    const streams = await this.files.streams();
    let rows = 0;
    for (const stream of streams.filter((one) => one !== current && !this.#kept.has(one))) {
      rows += await this.#drainOrKeep(stream);
    }
    if (rows > 0) {
      this.log.info('The local device of the audit log is drained into the database.', { count: rows });
    }
  }

  /** Ends what runs after its batch; the rest is drained at the next start. */
  stop(): void {
    this.#stopped = true;
  }

  /** Only a file that is not what was written is kept: what the database refuses now it may take later. */
  async #drainOrKeep(stream: string): Promise<number> {
    try {
      const rows = await this.files.read(stream, (bytes) => this.#drain(stream, bytes));
      await this.files.remove(stream);
      noteDrained(stream);
      return rows;
    } catch (error) {
      if (!(error instanceof EnvelopeError || error instanceof DamagedFile)) {
        throw error;
      }
      this.#kept.add(stream);
      const facts = { stream, ...errorFacts(error) };
      this.log.error('A file of the local audit device cannot be drained to its end, and is kept.', facts);
      return 0;
    }
  }

  /** Returns how many rows it wrote. */
  async #drain(stream: string, bytes: Bytes): Promise<number> {
    const frames = readFrames(bytes);
    const sealedKey = await frames.next();
    if (sealedKey.done === true) {
      return 0;
    }
    const seal = await this.seals.open(stream, sealedKey.value);
    const standing = await this.store.findStanding(stream);
    let before: AuditBatch | undefined;
    let rows = 0;
    for await (const sealed of frames) {
      const batch = seal.open(sealed, before);
      if (!isCovered(batch, standing)) {
        requireContinuation(batch, standing, rows > 0);
        await this.#insert(batch, before);
        rows += batch.rows.length;
      }
      before = batch;
    }
    await (before && this.store.close(stream));
    return rows;
  }

  async #insert(batch: AuditBatch, before: AuditBatch | undefined): Promise<void> {
    if (this.#stopped) {
      throw new Error('The replica stops before its local device is drained.');
    }
    if (before === undefined || dayOf(before) !== dayOf(batch)) {
      await this.store.prepare(batch);
    }
    const began = performance.now();
    await this.store.insert(batch);
    drainedRows.inc(batch.rows.length);
    // Half of the time belongs to others: appends must not wait for what is already safe.
    await this.pause(performance.now() - began);
  }
}

/** Whether the batch stands in the database already. @throws DamagedFile where another one stands in its place. */
function isCovered({ last }: AuditBatch, standing: Standing | undefined): boolean {
  if (standing === undefined || last.seq > standing.seq) {
    return false;
  }
  if (last.seq === standing.seq && !sameLink(last, standing)) {
    throw new DamagedFile('The database holds other rows in the place of those of the file.');
  }
  return true;
}

/** @throws DamagedFile where the batch cannot follow what stood in the database when the drain began. */
function requireContinuation(batch: AuditBatch, standing: Standing | undefined, hasBegun: boolean): void {
  if (standing === undefined || hasBegun) {
    return;
  }
  const follows = standing.seq === 0 ? batch.previous.seq === 0 : sameLink(batch.previous, standing);
  if (standing.closed || !follows) {
    throw new DamagedFile('The database holds the stream of the file, but it ends elsewhere.');
  }
}

const dayOf = ({ at }: AuditBatch): string => new Date(at).toISOString().slice(0, 10);
