import { Config } from '@app/config';
import { CryptoModule, Envelopes } from '@app/crypto';
import { Global, Module } from '@nestjs/common';
import { DeviceFolder } from './device.folder.js';
import { DeviceStorage } from './device.storage.js';
import { StreamSeals } from './stream.seal.js';

/** Gives the log its local device where AUDIT_SPOOL_DIR names a folder. Without this module, as in commands, there is none. */
@Global()
@Module({
  imports: [CryptoModule],
  providers: [
    {
      provide: DeviceStorage,
      inject: [Config, Envelopes],
      useFactory: ({ auditSpoolDir, timing }: Config, envelopes: Envelopes): DeviceStorage | undefined =>
        auditSpoolDir === undefined
          ? undefined
          : {
              files: new DeviceFolder(auditSpoolDir),
              seals: new StreamSeals(envelopes),
              outageMs: timing.outageMs,
            },
    },
  ],
  exports: [DeviceStorage],
})
export class AuditDeviceModule {}
