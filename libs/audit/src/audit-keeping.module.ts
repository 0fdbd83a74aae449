import { Log } from '@app/common';
import { CryptoModule, Keyring } from '@app/crypto';
import { Database } from '@app/database';
import { Module } from '@nestjs/common';
import { AuditModule } from './audit.module.js';
import { CheckpointSigner } from './checkpoints/checkpoint.signer.js';
import { Checkpoints } from './checkpoints/checkpoints.js';
import { CheckpointsRepository } from './checkpoints/checkpoints.repository.js';
import { Replica } from './replica.js';

/** What a broker does for the log beside writing it: signs checkpoints and keeps the partitions. Hooks into no shutdown: see `Checkpoints.stop`. */
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
  ],
  exports: [Checkpoints],
})
export class AuditKeepingModule {}
