import type { Link } from '../../chain/chain.js';
import { type AuditBatch, type AuditStore, BatchRefused, type Receipt, StreamMoved } from '../audit.store.js';

/** Resolves once everything that could run has run. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A store whose batches stay under way until the test answers them. */
export class HeldStore implements AuditStore {
  readonly batches: AuditBatch[] = [];
  readonly settlements: AuditBatch[] = [];
  readonly closed: string[] = [];
  streams = 0;
  rehearsals = 0;
  works = true;
  /** What becomes of batches whose answer is lost. */
  stands = false;
  /** The last row of a stream that is closed, where another one than that of the batch that is asked for. */
  end: Link | undefined;
  /** False where a head cannot be read, because something holds its row. */
  answersHeads = true;
  private answers: { readonly resolve: (receipt: Receipt) => void; readonly reject: (error: Error) => void }[] = [];

  openStream(): Promise<string> {
    this.streams += 1;
    return this.works ? Promise.resolve(String(this.streams)) : Promise.reject(new Error('no database'));
  }

  insert(batch: AuditBatch): Promise<Receipt> {
    this.batches.push(batch);
    return new Promise((resolve, reject) => this.answers.push({ resolve, reject }));
  }

  settle(batch: AuditBatch): Promise<Link> {
    this.settlements.push(batch);
    if (!this.answersHeads) {
      return new Promise(() => {});
    }
    const end = this.end ?? (this.stands ? batch.last : batch.previous);
    return this.works ? Promise.resolve(end) : Promise.reject(new Error('no database'));
  }

  close(stream: string): Promise<void> {
    this.closed.push(stream);
    return Promise.resolve();
  }

  probe(): Promise<boolean> {
    return Promise.resolve(this.works);
  }

  rehearse(): Promise<boolean> {
    this.rehearsals += 1;
    return Promise.resolve(this.works);
  }

  /** Answers the oldest batch under way. */
  async commit(): Promise<void> {
    await settled();
    this.answers.shift()?.resolve({ mark: '1' });
    await settled();
  }

  async refuse(): Promise<void> {
    await settled();
    this.answers.shift()?.reject(new BatchRefused('disk full'));
    await settled();
  }

  /** The head of its stream is not where the oldest batch under way continues. */
  async move(): Promise<void> {
    await settled();
    this.answers.shift()?.reject(new StreamMoved('moved'));
    await settled();
  }

  /** The answer of the oldest batch under way is lost. */
  async lose(): Promise<void> {
    await settled();
    this.answers.shift()?.reject(new Error('connection reset'));
    await settled();
  }

  /** The stream of each batch and the number of its first row. */
  get places(): readonly (readonly [string, number])[] {
    return this.batches.map(({ stream, previous }) => [stream, previous.seq + 1]);
  }

  /** The request ids of each batch. */
  get ids(): readonly (readonly (string | null)[])[] {
    return this.batches.map((batch) => batch.rows.map(({ requestId }) => requestId));
  }
}
