import { Clock, Log, newId } from '@app/common';
import { Config } from '@app/config';
import { ChangeFeed, Database } from '@app/database';
import { Module } from '@nestjs/common';
import { AuditLog } from './audit.log.js';
import { type AuditTarget, targetOf } from './device/audit-target.js';
import { DeviceStorage } from './device/device.storage.js';
import { DrainRepository } from './device/drain.repository.js';
import { AuditEvents } from './reading/audit.events.js';
import { AuditEventsRepository } from './reading/audit-events.repository.js';
import { RecordedChanges } from './recorded-changes.js';
import { Replica } from './replica.js';
import { AuditHealth } from './writing/audit.health.js';
import { AuditRepository } from './writing/audit.repository.js';
import { AuditWriter } from './writing/audit.writer.js';
import { processTimers } from './writing/timing.js';

const Target = Symbol('AuditTarget');

/**
 * The log: `AuditLog` to write, `AuditEvents` to read. Hooks into no shutdown: whoever owns the pools calls
 * `AuditLog.close()` before it closes them.
 */
@Module({
  providers: [
    { provide: Replica, useFactory: newId },
    {
      provide: Target,
      inject: [Database, Config, Replica, Clock, Log, { token: DeviceStorage, optional: true }],
      useFactory: (
        { auditPool, requestPool }: Database,
        { timing }: Config,
        replica: Replica,
        clock: Clock,
        log: Log,
        storage?: DeviceStorage,
      ) => {
        const [store, drained] = [
          new AuditRepository(auditPool, timing.appendWithinMs),
          new DrainRepository(requestPool),
        ];
        return targetOf({ store, drained, replica, clock, log }, storage);
      },
    },
    {
      provide: AuditWriter,
      inject: [Target, Config, ChangeFeed, Log],
      useFactory: ({ writer, health }: AuditTarget, { timing }: Config, feed: ChangeFeed, log: Log) =>
        new AuditWriter(writer, new AuditHealth(health, log), feed, processTimers, timing.appendWithinMs),
    },
    AuditLog,
    AuditEventsRepository,
    AuditEvents,
    RecordedChanges,
  ],
  exports: [AuditLog, AuditEvents, RecordedChanges, Replica],
})
export class AuditModule {}
