import { Database } from '@app/database';
import { Injectable } from '@nestjs/common';
import { setTimeout } from 'node:timers/promises';
import type { Link } from '../chain/chain.js';
import { hashOfCheckpoint, type Retirement, type SignedCheckpoint } from '../chain/checkpoint.js';
import {
  DROP_BEFORE,
  LAST_CHECKPOINT,
  LAST_ROWS,
  LOOK,
  MAKE_PARTITIONS,
  MAY_CHANGE,
  NEWEST_RETIREMENT,
  STREAMS,
} from './keeping.statements.js';
import { boundaryOf, type StreamState } from './retirement.js';

/** Appends that waited for one are written before the next. */
const BETWEEN_DROPS_MS = 100;
const LOCK_NOT_AVAILABLE = '55P03';

/** Days (UTC, `2026-11-20`); null where there is none. */
export interface KeptDays {
  /** The first day to keep. */
  readonly before: string | null;
  /** The newest day that a checkpoint retired everything before. */
  readonly retired: string | null;
  /** The oldest day that there is. */
  readonly oldest: string | null;
}

interface StreamRow {
  readonly id: string;
  readonly replica: string;
  readonly head_seq: number;
  readonly head_hash: Buffer;
  readonly head_at: Date | null;
  readonly closed_at: Date | null;
  readonly checkpoint_seq: number;
  readonly checkpoint_number: number;
}

/** The log as it is kept: its partitions, its past, and who may change it. Over the request pool: nothing of it is urgent. */
@Injectable()
export class KeepingRepository {
  constructor(private readonly database: Database) {}

  /** Makes the partitions of the week ahead that are not there; answers how many. */
  async makePartitions(): Promise<number> {
    const [row] = await this.database.query<{ made: number }>({ text: MAKE_PARTITIONS, values: [] });
    return row?.made ?? 0;
  }

  /** `days`: how many to keep, `undefined` for all. */
  async look(days: number | undefined): Promise<KeptDays> {
    const [row] = await this.database.query<KeptDays>({ text: LOOK, values: [days ?? null] });
    return row ?? { before: null, retired: null, oldest: null };
  }

  async streams(): Promise<readonly StreamState[]> {
    const rows = await this.database.query<StreamRow>({ text: STREAMS, values: [] });
    return rows.map((row) => ({
      id: row.id,
      replica: row.replica,
      head: { seq: row.head_seq, hash: row.head_hash },
      headAt: row.head_at?.getTime() ?? null,
      closedAt: row.closed_at?.getTime() ?? null,
      checkpointSeq: row.checkpoint_seq,
      checkpointNumber: row.checkpoint_number,
    }));
  }

  /** The newest checkpoint that carries a retirement. */
  async newestRetirement(): Promise<SignedCheckpoint | undefined> {
    const [row] = await this.database.query<SignedCheckpoint>({ text: NEWEST_RETIREMENT, values: [] });
    return row;
  }

  /** The last checkpoint before a day; null where it is not there any more, or never was. */
  async lastCheckpoint(before: string): Promise<Retirement['checkpoint']> {
    const values = [new Date(boundaryOf(before))];
    const [row] = await this.database.query<SignedCheckpoint & { number: number }>({ text: LAST_CHECKPOINT, values });
    return row === undefined ? null : { number: row.number, hash: hashOfCheckpoint(row) };
  }

  /** The last row of that day (UTC) of each stream that has one. */
  async lastRowsOf(day: string): Promise<readonly (readonly [string, Link])[]> {
    const rows = await this.database.query<Link & { stream: string }>({ text: LAST_ROWS, values: [day] });
    return rows.map(({ stream, seq, hash }) => [stream, { seq, hash }]);
  }

  /** Drops everything before a day that a checkpoint has retired, a partition at a time. False where a lock was not to be had in time. */
  async dropBefore(day: string): Promise<boolean> {
    try {
      // Each is a commit of its own, so that appends wait for none longer than for the lock of one.
      while ((await this.#dropOne(day)) > 0) {
        await setTimeout(BETWEEN_DROPS_MS);
      }
      return true;
    } catch (error) {
      if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) {
        return false;
      }
      throw error;
    }
  }

  /** True where this database user could change or remove what is in the log. */
  async mayChange(): Promise<boolean> {
    const [row] = await this.database.query<{ may_change: boolean }>({ text: MAY_CHANGE, values: [] });
    return row?.may_change === true;
  }

  async #dropOne(day: string): Promise<number> {
    const [row] = await this.database.query<{ gone: number }>({ text: DROP_BEFORE, values: [day] });
    return row?.gone ?? 0;
  }
}
