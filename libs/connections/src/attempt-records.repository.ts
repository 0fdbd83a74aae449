import { Injectable } from '@nestjs/common';
import { Database } from '@app/database';
import type { UnrecordedAttempt } from './attempt.js';
import { toUnrecorded, type UnrecordedRow } from './attempt-row.js';
import { MARK_RECORDED, UNRECORDED } from './record.statements.js';

/** Which closed attempts the audit log holds. */
@Injectable()
export class AttemptRecordsRepository {
  constructor(private readonly database: Database) {}

  /** Notes that the audit log holds the outcome. */
  async markRecorded(ids: readonly string[]): Promise<void> {
    await this.database.query({ ...MARK_RECORDED, values: [ids] });
  }

  /** Closed attempts, older than `olderThanMs`, whose outcome the audit log may not hold: a crash or a failed append left them. */
  async findUnrecorded(olderThanMs: number, limit: number): Promise<UnrecordedAttempt[]> {
    const rows = await this.database.query<UnrecordedRow>({ ...UNRECORDED, values: [olderThanMs, limit] });
    return rows.map(toUnrecorded);
  }
}
