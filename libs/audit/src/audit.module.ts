import { Clock, Log, newId } from '@app/common';
import { ChangeFeed, Database } from '@app/database';
import { Module } from '@nestjs/common';
import { AuditLog } from './audit.log.js';
import { AuditEvents } from './reading/audit.events.js';
import { AuditEventsRepository } from './reading/audit-events.repository.js';
import { RecordedChanges } from './recorded-changes.js';
import { Replica } from './replica.js';
import { AuditHealth } from './writing/audit.health.js';
import { AuditRepository } from './writing/audit.repository.js';
import { AuditWriter } from './writing/audit.writer.js';
import { StreamWriter } from './writing/stream.writer.js';

/**
 * The log: `AuditLog` to write, `AuditEvents` to read. Hooks into no shutdown: whoever owns the pools calls
 * `AuditLog.close()` before it closes them.
 */
@Module({
  providers: [
    { provide: Replica, useFactory: newId },
    {
      provide: AuditRepository,
      inject: [Database],
      useFactory: (database: Database) => new AuditRepository(database.auditPool),
    },
    {
      provide: AuditHealth,
      inject: [AuditRepository, Log],
      useFactory: (repository: AuditRepository, log: Log) => new AuditHealth(repository, log),
    },
    {
      provide: AuditWriter,
      inject: [AuditRepository, AuditHealth, Replica, Clock, ChangeFeed],
      useFactory: (store: AuditRepository, health: AuditHealth, replica: Replica, clock: Clock, feed: ChangeFeed) =>
        new AuditWriter(new StreamWriter(store, replica, clock), health, feed),
    },
    AuditLog,
    AuditEventsRepository,
    AuditEvents,
    RecordedChanges,
  ],
  exports: [AuditLog, AuditEvents, RecordedChanges, Replica],
})
export class AuditModule {}
