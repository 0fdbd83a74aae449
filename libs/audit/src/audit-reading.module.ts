import { CryptoModule, Keyring } from '@app/crypto';
import { Database } from '@app/database';
import { Module } from '@nestjs/common';
import { AuditModule } from './audit.module.js';
import { AuditExport } from './export/audit.export.js';
import { AuditLookup } from './reading/audit.lookup.js';
import { AuditVerifier } from './verification/audit.verifier.js';
import { PublicKeys, publicKeysOf } from './verification/public-keys.js';
import { VerificationRepository } from './verification/verification.repository.js';

/** What an auditor does with the log beside searching it: verify, export, look a token up. Apart from AuditModule, as it needs keys. */
@Module({
  imports: [AuditModule, CryptoModule],
  providers: [
    { provide: PublicKeys, inject: [Keyring], useFactory: publicKeysOf },
    {
      provide: VerificationRepository,
      inject: [Database],
      useFactory: (database: Database) => new VerificationRepository(database),
    },
    AuditVerifier,
    AuditExport,
    AuditLookup,
  ],
  exports: [AuditVerifier, AuditExport, AuditLookup],
})
export class AuditReadingModule {}
