import { Inject, Injectable } from '@nestjs/common';
import { Config } from '@app/config';
import { ChangeFeed, Database, missingMigrations } from '@app/database';

/** What readiness asks of the database. */
export interface DatabaseChecks {
  readonly writable: boolean;
  readonly migrated: boolean;
  /** Whether tokens can be handed out without it for now: what is cached is trusted, and the log has a local device. */
  readonly bridged: boolean;
}

/** Whether the database serves this version. */
@Injectable()
export class DatabaseHealth {
  #migrated = false;

  constructor(
    private readonly database: Database,
    private readonly changes: ChangeFeed,
    @Inject(Config) private readonly config: Pick<Config, 'auditSpoolDir'>,
  ) {}

  /** Never rejects: what cannot be asked is not there. */
  async check(): Promise<DatabaseChecks> {
    try {
      const writable = await this.database.isWritable();
      // Migrations are never taken back, so one good answer is enough.
      this.#migrated ||= (await missingMigrations(this.database.requestPool)).length === 0;
      return { writable, migrated: this.#migrated, bridged: this.#isBridged() };
    } catch {
      const bridged = this.#isBridged();
      // Whoever was current a moment ago has read this very schema.
      return { writable: false, migrated: this.#migrated || bridged, bridged };
    }
  }

  #isBridged = (): boolean => this.config.auditSpoolDir !== undefined && this.changes.isCurrent();
}
