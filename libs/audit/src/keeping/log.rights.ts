import { Inject, Injectable } from '@nestjs/common';
import { errorFacts, Log } from '@app/common';
import { KeepingRepository } from './keeping.repository.js';

/** Whether the broker's own database user could change the log: it should not be able to. */
@Injectable()
export class LogRights {
  constructor(
    private readonly repository: KeepingRepository,
    @Inject(Log) private readonly log: Log,
  ) {}

  /** Warns where it could. Never rejects. */
  async check(): Promise<void> {
    try {
      if (await this.repository.mayChange()) {
        this.log.warn(
          'The database user may change or delete rows of the audit log. Run the broker as a user of its own: docs/operations.md, "Database permissions".',
        );
      }
    } catch (error) {
      this.log.warn('Whether the database user could change the audit log is not known.', errorFacts(error));
    }
  }
}
