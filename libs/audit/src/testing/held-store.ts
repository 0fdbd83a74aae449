import type { AuditBatch, AuditStore } from '../audit.store.js';

/** Resolves once everything that could run has run. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A store whose batches stay under way until the test answers them. */
export class HeldStore implements AuditStore {
  readonly batches: AuditBatch[] = [];
  streams = 0;
  rehearsals = 0;
  works = true;
  private answers: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  openStream(): Promise<string> {
    this.streams += 1;
    return this.works ? Promise.resolve(String(this.streams)) : Promise.reject(new Error('no database'));
  }

  insert(batch: AuditBatch): Promise<void> {
    this.batches.push(batch);
    return new Promise((resolve, reject) => this.answers.push({ resolve, reject }));
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
    this.answers.shift()?.resolve();
    await settled();
  }

  async refuse(): Promise<void> {
    await settled();
    this.answers.shift()?.reject(new Error('disk full'));
    await settled();
  }

  /** The request ids of each batch. */
  get ids(): readonly (readonly (string | null)[])[] {
    return this.batches.map((batch) => batch.rows.map((row) => row.requestId));
  }
}
