import { Module } from '@nestjs/common';
import { AuditModule } from '@app/audit';
import { CryptoModule } from '@app/crypto';
import { ProvidersModule } from '@app/providers';
import { ConnectionCheck } from './admin/connection.check.js';
import { ConnectionService } from './admin/connection.service.js';
import { HostReview } from './admin/host.review.js';
import { ProviderService } from './admin/provider.service.js';
import { AdoptionsRepository } from './adoptions.repository.js';
import { AttemptRecordsRepository } from './attempt-records.repository.js';
import { AttemptsRepository } from './attempts.repository.js';
import { ConnectionFeed } from './connection.feed.js';
import { ConnectionsRepository } from './connections.repository.js';

import { RestoreGuard } from './restore/restore.guard.js';
import { RestoreRepository } from './restore/restore.repository.js';
import { Spool } from './spool/spool.js';
import { SpoolRepository } from './spool/spool.repository.js';

/** What is held: providers, connections, credentials, attempts, leases. */
@Module({
  imports: [AuditModule, CryptoModule, ProvidersModule],
  providers: [
    AdoptionsRepository,
    AttemptRecordsRepository,
    AttemptsRepository,
    ConnectionCheck,
    ConnectionFeed,
    ConnectionService,
    ConnectionsRepository,
    HostReview,
    ProviderService,
    RestoreGuard,
    RestoreRepository,
    Spool,
    SpoolRepository,
  ],
  exports: [
    AdoptionsRepository,
    AttemptRecordsRepository,
    AttemptsRepository,
    ConnectionFeed,
    ConnectionService,
    ConnectionsRepository,
    ProviderService,
    RestoreGuard,
    RestoreRepository,
    Spool,
    SpoolRepository,
  ],
})
export class ConnectionsModule {}
