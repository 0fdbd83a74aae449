import { Log } from '@app/common';
import { CryptoModule, Keyring } from '@app/crypto';
import { Config } from '@app/config';
import { Database } from '@app/database';
import { Module } from '@nestjs/common';
import { AuditLog } from './audit.log.js';
import { AuditModule } from './audit.module.js';
import { CheckpointSigner } from './checkpoints/checkpoint.signer.js';
import { Checkpoints } from './checkpoints/checkpoints.js';
import { CheckpointsRepository } from './checkpoints/checkpoints.repository.js';
import { KeepingRepository } from './keeping/keeping.repository.js';
import { LogKeeper } from './keeping/log.keeper.js';
import { LogRights } from './keeping/log.rights.js';
import { LogVerification } from './keeping/log.verification.js';
import { PastVerification } from './keeping/past.verification.js';
import { Retention } from './keeping/retention.js';
import { Replica } from './replica.js';
import { VerificationRepository } from './verification/verification.repository.js';

/** A page arrives at one stroke: as many rows as keep those who are answered by this process waiting for a few milliseconds at most. */
const SMALL_PAGE = 250;

/**
 * What a broker does for the log beside writing it: signs checkpoints, makes partitions, takes out days whose time is over. Hooks into no
 * start and no shutdown: whoever owns the pools starts and stops `Checkpoints` and `LogKeeper`.
 */
@Module({
  imports: [AuditModule, CryptoModule],
  providers: [
    {
      provide: CheckpointsRepository,
      inject: [Database],
      useFactory: (database: Database) => new CheckpointsRepository(database.auditPool),
    },
    {
      provide: CheckpointSigner,
      inject: [CheckpointsRepository, Keyring, Replica, Log],
      useFactory: (repository: CheckpointsRepository, keyring: Keyring, replica: Replica, log: Log) =>
        new CheckpointSigner(repository, keyring.auditSigning, replica, log),
    },
    {
      provide: Checkpoints,
      inject: [CheckpointSigner, Log],
      useFactory: (signer: CheckpointSigner, log: Log) => new Checkpoints(signer, log),
    },
    KeepingRepository,
    LogRights,
    {
      provide: LogVerification,
      inject: [Database, Keyring, KeepingRepository],
      useFactory: (database: Database, { auditPublicKeys }: Keyring, repository: KeepingRepository) =>
        new PastVerification(new VerificationRepository(database, SMALL_PAGE), auditPublicKeys, repository),
    },
    {
      provide: Retention,
      inject: [KeepingRepository, LogVerification, Checkpoints, AuditLog, Config],
      useFactory: (
        repository: KeepingRepository,
        verification: LogVerification,
        checkpoints: Checkpoints,
        audit: AuditLog,
        { auditRetentionDays }: Config,
      ) => new Retention(repository, verification, checkpoints, audit, auditRetentionDays),
    },
    {
      provide: LogKeeper,
      inject: [KeepingRepository, Retention, Checkpoints, Log],
      useFactory: (repository: KeepingRepository, retention: Retention, checkpoints: Checkpoints, log: Log) =>
        new LogKeeper(repository, retention, checkpoints, log),
    },
  ],
  exports: [Checkpoints, LogKeeper, LogRights],
})
export class AuditKeepingModule {}
