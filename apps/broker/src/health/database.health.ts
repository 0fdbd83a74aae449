import { Injectable } from '@nestjs/common';
import { Database, missingMigrations } from '@app/database';

/** Whether the database serves this version. */
@Injectable()
export class DatabaseHealth {
  #migrated = false;

  constructor(private readonly database: Database) {}

  /** Never rejects: what cannot be asked is not there. */
  async check(): Promise<{ readonly writable: boolean; readonly migrated: boolean }> {
    try {
      const writable = await this.database.isWritable();
      // Migrations are never taken back, so one good answer is enough.
      this.#migrated ||= (await missingMigrations(this.database.requestPool)).length === 0;
      return { writable, migrated: this.#migrated };
    } catch {
      return { writable: false, migrated: this.#migrated };
    }
  }
}
