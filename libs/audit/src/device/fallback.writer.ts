import type { Receipt } from '../writing/audit.store.js';
import type { AuditRow } from '../writing/row.js';
import type { RowWriter } from '../writing/row.writer.js';
import type { StreamWriter } from '../writing/stream.writer.js';
import { type After, after, within } from '../writing/timing.js';
import type { StreamFiles } from './device.folder.js';
import type { LocalDevice } from './local.device.js';
import type { Outage } from './outage.js';

/** With the time to settle and to write to the disk this stays within the 2 s that an append may take. */
const DATABASE_PATIENCE_MS = 1000;
const SETTLE_PATIENCE_MS = 300;

type Attempt = { readonly receipt: Receipt } | { readonly cause: unknown };

/** Batches into the database; those that it does not take, onto the local device, until it takes batches again. */
export class FallbackWriter implements RowWriter {
  /** What fails goes to the device, in order: that is decided for one batch at a time. */
  readonly depth = 1;

  constructor(
    private readonly database: StreamWriter,
    private readonly device: LocalDevice,
    private readonly files: Pick<StreamFiles, 'open' | 'close'>,
    private readonly outage: Outage,
    private readonly timers: After = after,
  ) {}

  async open(): Promise<void> {
    await this.files.open();
    await this.outage.open();
  }

  async write(rows: readonly AuditRow[], isAwaited: () => boolean): Promise<Receipt> {
    if (this.outage.isOn) {
      return this.device.write(rows);
    }
    const attempt = await this.#attempt(rows, isAwaited);
    if ('receipt' in attempt) {
      return attempt.receipt;
    }
    this.outage.begin(attempt.cause);
    return this.device.write(rows);
  }

  async close(): Promise<void> {
    await (this.outage.isOn ? undefined : this.database.close());
    await this.outage.close();
    await this.files.close();
  }

  /** One batch handed to the database, which gets a second for it. */
  async #attempt(rows: readonly AuditRow[], isAwaited: () => boolean): Promise<Attempt> {
    const answer = this.database.write(rows, isAwaited).then(
      (receipt): Attempt => ({ receipt }),
      (cause: unknown): Attempt => ({ cause }),
    );
    const attempt = await within(DATABASE_PATIENCE_MS, answer, this.timers);
    if (attempt !== undefined) {
      return attempt;
    }
    // Where nobody can tell, it may stand there as well as on the device: the log then says more than happened, never less.
    const stands = await within(SETTLE_PATIENCE_MS, this.database.abandon(), this.timers);
    return stands === true
      ? { receipt: { mark: undefined } }
      : { cause: new Error('The database did not answer within a second.') };
  }
}
