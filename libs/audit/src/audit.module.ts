import { Log, newId } from '@app/common';
import { Database } from '@app/database';
import { Module } from '@nestjs/common';
import { AuditEvents } from './audit.events.js';
import { AuditEventsRepository } from './audit-events.repository.js';
import { AuditHealth } from './audit.health.js';
import { AuditLog } from './audit.log.js';
import { AuditRepository } from './audit.repository.js';
import { AuditWriter } from './audit.writer.js';
import { RecordedChanges } from './recorded-changes.js';
import { Replica } from './replica.js';

/**
 * The log: `AuditLog` to write, `AuditEvents` to read. Hooks into no shutdown: whoever owns the pools calls
 * `AuditLog.close()` before it closes them.
 */
@Module({
  providers: [
    { provide: Replica, useFactory: newId },
    {
      provide: AuditRepository,
      inject: [Database, Replica],
      useFactory: (database: Database, replica: Replica) => new AuditRepository(database.auditPool, replica),
    },
    {
      provide: AuditHealth,
      inject: [AuditRepository, Log],
      useFactory: (repository: AuditRepository, log: Log) => new AuditHealth(repository, log),
    },
    {
      provide: AuditWriter,
      inject: [AuditRepository, AuditHealth],
      useFactory: (repository: AuditRepository, health: AuditHealth) => new AuditWriter(repository, health),
    },
    AuditLog,
    AuditEventsRepository,
    AuditEvents,
    RecordedChanges,
  ],
  exports: [AuditLog, AuditEvents, RecordedChanges, Replica],
})
export class AuditModule {}
