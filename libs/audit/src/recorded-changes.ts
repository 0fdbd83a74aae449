import { ChangeFeed, Database, incrementChangeMark, timeOfChange, type Touch, type Transaction } from '@app/database';
import { Injectable } from '@nestjs/common';
import { AuditLog } from './audit.log.js';
import type { AuditEvent, AuditOrigin } from './event.js';

/** What the audit log says of an administrative change, beside who made it. */
export type ChangeEvent = Pick<AuditEvent, 'action' | 'provider' | 'connection' | 'generation' | 'reason' | 'fields'>;

/** What a change gives, and what is recorded of it. */
export interface Change<Result> {
  readonly result: Result;
  readonly events: readonly ChangeEvent[];
}

type Work<Result> = (transaction: Transaction, now: Date) => Promise<Change<Result>>;

/** The one way to change what an administrator may change: no change without its row, and no row left standing for none. */
@Injectable()
export class RecordedChanges {
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly audit: AuditLog,
    private readonly feed: ChangeFeed,
  ) {}

  /** Runs `work` on one state of the tables, without changing them. */
  read<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.database.transaction(work);
  }

  /**
   * One transaction: the change mark, the rows, and before the commit the audit events, so that a change that cannot be
   * recorded does not happen. `now` is the database's time. Caches of this replica forget at once, of connections those that `touch`
   * names: `work` changes nothing that is held of any other. Changes of all replicas take turns by the change mark; those of this one
   * wait here, so that a crowd of them takes no connection from those who get tokens.
   */
  change<Result>(origin: AuditOrigin, touch: Touch, work: Work<Result>): Promise<Result> {
    return this.#inTurn(async () => {
      try {
        return await this.#record(origin, (transaction) => incrementChangeMark(transaction, touch), work);
      } finally {
        // Also after a failure: a commit whose answer was lost may have happened.
        this.feed.announce(touch);
      }
    });
  }

  /**
   * As `change`, for what no cache holds: no replica forgets anything. The change mark is left alone, so `work` takes a lock of its
   * own where changes of other replicas must take turns with it.
   */
  changeApart<Result>(origin: AuditOrigin, work: Work<Result>): Promise<Result> {
    return this.#inTurn(() => this.#record(origin, timeOfChange, work));
  }

  #inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(change);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #record<Result>(
    origin: AuditOrigin,
    begin: (transaction: Transaction) => Promise<Date>,
    work: Work<Result>,
  ): Promise<Result> {
    const standing: AuditEvent[] = [];
    try {
      return await this.database.transaction(async (transaction) => {
        const now = await begin(transaction);
        const { result, events } = await work(transaction, now);
        const rows = events.map((event) => recorded(origin, event));
        await this.audit.appendAll(rows);
        standing.push(...rows);
        return result;
      });
    } catch (error) {
      await this.#takeBack(standing);
      throw error;
    }
  }

  /** The commit failed, or its answer was lost, after the rows were written: the log says that they may name no change. */
  async #takeBack(standing: readonly AuditEvent[]): Promise<void> {
    const rows = standing.map((event) => ({ ...event, outcome: 'failed', reason: 'commit_unconfirmed' }) as const);
    await this.audit.appendAll(rows).catch(() => undefined);
  }
}

const recorded = (origin: AuditOrigin, event: ChangeEvent): AuditEvent => ({ ...origin, ...event, outcome: 'ok' });
