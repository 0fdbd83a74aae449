import { AuditLog } from '../audit.log.js';
import { parseCheckpoint, type Retirement } from '../chain/checkpoint.js';
import { Checkpoints } from '../checkpoints/checkpoints.js';
import { KeepingRepository } from './keeping.repository.js';
import type { LogVerification } from './log.verification.js';
import { retirementOf } from './retirement.js';

/** What a round came to. `busy`: a lock was not to be had, so that something waits to be dropped. */
export type RetentionRound =
  | { readonly state: 'nothing' | 'busy' }
  | { readonly state: 'retired'; readonly before: string; readonly rows: number }
  | { readonly state: 'fault'; readonly fault: string };

/**
 * Takes days out of the log whose time is over: verify what goes, record it, sign what it ended with, drop. Nothing goes that does not
 * verify, or that no checkpoint speaks for.
 */
export class Retention {
  constructor(
    private readonly repository: KeepingRepository,
    private readonly verification: LogVerification,
    private readonly checkpoints: Checkpoints,
    private readonly audit: AuditLog,
    /** How many days are kept; `undefined` for all. */
    private readonly days: number | undefined,
  ) {}

  /** All days that are due, at once; begins with what a crash left undone. Rejects where the log cannot be read or written. */
  async round(signal: AbortSignal): Promise<RetentionRound> {
    const { before, retired, oldest } = await this.repository.look(this.days);
    if (retired !== null && !(await this.repository.dropBefore(retired))) {
      return { state: 'busy' };
    }
    if (before === null || oldest === null || oldest >= before || (retired !== null && retired >= before)) {
      return { state: 'nothing' };
    }
    const past = await this.verification.verify(before, signal);
    if (!past.ok) {
      return { state: 'fault', fault: past.fault };
    }
    const { rows, ends } = past;
    const checkpoint = (await this.repository.lastCheckpoint(before)) ?? (await this.#retiredCheckpoint());
    const retirement = retirementOf({ before, ends, checkpoint }, await this.repository.streams());
    if (!(await this.#retire(retirement, rows))) {
      return { state: 'nothing' };
    }
    return (await this.repository.dropBefore(before)) ? { state: 'retired', before, rows } : { state: 'busy' };
  }

  /** Recorded first: a row may speak of what is done only by the next round, but nothing goes without its row. */
  async #retire(retirement: Retirement, rows: number): Promise<boolean> {
    const reason = `before=${retirement.before} rows=${rows}`;
    await this.audit.append({ action: 'audit.retired', outcome: 'ok', actor: { type: 'system' }, reason });
    return this.checkpoints.retire(retirement);
  }

  async #retiredCheckpoint(): Promise<Retirement['checkpoint']> {
    const newest = await this.repository.newestRetirement();
    return (newest && parseCheckpoint(newest.body).retired?.checkpoint) ?? null;
  }
}
