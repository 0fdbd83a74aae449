import { Injectable } from '@nestjs/common';
import { Database, type Transaction } from '@app/database';
import { mergeSettings } from '@app/providers';
import type { DatabaseIdentity } from '../spool/spool-entry.js';
import { CLOCK_ERROR_MS, type ConsumedConnection, leastHeld } from '../spool/spool.index.js';
import { DISTRUST, FIND_OLDER, LOOK, PAGE, QUARANTINE } from './restore.statements.js';

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** What the database says of itself. */
export interface Look {
  readonly actual: DatabaseIdentity;
  /** The one that was checked last; null where none was. */
  readonly held: DatabaseIdentity | null;
  /** One-shot attempts that it has counted. */
  readonly epoch: number;
}

/** A connection as it must be known to tell how its credential is used. */
export interface ConfiguredConnection {
  readonly id: string;
  readonly type: string;
  /** Both levels, merged. */
  readonly settings: Readonly<Record<string, unknown>>;
}

interface LookRow {
  readonly system_identifier: string;
  readonly timeline: number;
  readonly held_system_identifier: string | null;
  readonly held_timeline: number | null;
  readonly epoch: number;
}

interface PageRow {
  readonly id: string;
  readonly type: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly provider_settings: Readonly<Record<string, unknown>>;
}

/** The database's identity, and what is done about connections when it changed. */
@Injectable()
export class RestoreRepository {
  constructor(private readonly database: Database) {}

  async look(): Promise<Look> {
    const [row] = await this.database.query<LookRow>({ ...LOOK, values: [] });
    if (row === undefined) {
      throw new Error('The database does not tell who it is.');
    }
    const { held_system_identifier: heldSystem, held_timeline: heldTimeline } = row;
    return {
      actual: { systemIdentifier: row.system_identifier, timeline: row.timeline },
      held:
        heldSystem === null || heldTimeline === null ? null : { systemIdentifier: heldSystem, timeline: heldTimeline },
      epoch: row.epoch,
    };
  }

  /**
   * From now on nobody sends what can be sent only once, until `finish`, and epochs go on above the highest seen. Without effect
   * where somebody did so meanwhile.
   */
  async distrust(highest: number, margin: number): Promise<void> {
    await this.database.query({ ...DISTRUST, values: [highest, margin] });
  }

  /** True where one of these connections would send what is known to be used: the database is older than that. */
  async holdsOlder(seen: readonly ConsumedConnection[]): Promise<boolean> {
    const ids = seen.map(({ connectionId }) => connectionId);
    const generations = seen.map(({ consumed }) => leastHeld(consumed));
    const times = seen.map(({ consumed }) => new Date(consumed.sentAt));
    const rows = await this.database.query({ ...FIND_OLDER, values: [ids, generations, times, CLOCK_ERROR_MS] });
    return rows.length > 0;
  }

  /** Up to `limit` connections in the order of their ids, after the given one. */
  async page(after: string | undefined, limit: number): Promise<ConfiguredConnection[]> {
    const rows = await this.database.query<PageRow>({ ...PAGE, values: [after ?? FIRST_ID, limit] });
    return rows.map(({ id, type, settings, provider_settings }) => ({
      id,
      type,
      settings: mergeSettings(provider_settings, settings),
    }));
  }

  /** How many of them were moved; none once somebody finished. */
  async quarantine(ids: readonly string[]): Promise<number> {
    const rows = await this.database.query({ ...QUARANTINE, values: [ids] });
    return rows.length;
  }

  /**
   * Writes down that the database was checked, and runs `record` before that is committed. False where somebody did so meanwhile.
   */
  finish({ systemIdentifier, timeline }: DatabaseIdentity, record: (count: number) => Promise<void>): Promise<boolean> {
    return this.database.transaction(async (transaction) => {
      const held = await lockIdentity(transaction);
      if (held?.system_identifier === systemIdentifier && held.timeline === timeline) {
        return false;
      }
      const count = await transaction.connection.count({ where: { stateReason: 'database_restored' } });
      await record(count);
      await transaction.$executeRaw`
        update database_identity set system_identifier = ${systemIdentifier}, timeline = ${timeline}, checked_at = clock_timestamp()
        where id = 1`;
      return true;
    });
  }
}

async function lockIdentity(transaction: Transaction) {
  const [row] = await transaction.$queryRaw<{ system_identifier: string; timeline: number }[]>`
    select system_identifier, timeline from database_identity where id = 1 for update`;
  return row;
}
