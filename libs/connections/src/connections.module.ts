import { Module } from '@nestjs/common';
import { AuditModule } from '@app/audit';
import { CryptoModule } from '@app/crypto';
import { ProvidersModule } from '@app/providers';
import { ConnectionCheck } from './admin/connection.check.js';
import { ConnectionService } from './admin/connection.service.js';
import { ProviderService } from './admin/provider.service.js';
import { AttemptsRepository } from './attempts.repository.js';
import { ConnectionFeed } from './connection.feed.js';
import { ConnectionsRepository } from './connections.repository.js';

/** What is held: providers, connections, credentials, attempts, leases. */
@Module({
  imports: [AuditModule, CryptoModule, ProvidersModule],
  providers: [
    AttemptsRepository,
    ConnectionCheck,
    ConnectionFeed,
    ConnectionService,
    ConnectionsRepository,
    ProviderService,
  ],
  exports: [AttemptsRepository, ConnectionFeed, ConnectionService, ConnectionsRepository, ProviderService],
})
export class ConnectionsModule {}
