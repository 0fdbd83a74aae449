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
import { KeyFollower } from './keys/key.follower.js';
import { KeyOpening } from './keys/key-opening.js';
import { KeyProofs } from './keys/key-proofs.js';
import { KeyRegistrar } from './keys/key-registrar.js';
import { KeyRotation } from './keys/key.rotation.js';
import { KeyRotationService } from './keys/key-rotation.service.js';
import { KeysRepository } from './keys/keys.repository.js';
import { KeyStandings } from './keys/key.standings.js';
import { KeyWatch } from './keys/key.watch.js';
import { Rewrapper } from './keys/rewrapper.js';
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
    KeyFollower,
    KeyOpening,
    KeyProofs,
    KeyRegistrar,
    KeyRotation,
    KeyRotationService,
    KeysRepository,
    KeyStandings,
    KeyWatch,
    ProviderService,
    RestoreGuard,
    RestoreRepository,
    Rewrapper,
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
    KeyOpening,
    KeyRotationService,
    KeyStandings,
    KeyWatch,
    ProviderService,
    RestoreGuard,
    RestoreRepository,
    Spool,
    SpoolRepository,
  ],
})
export class ConnectionsModule {}
