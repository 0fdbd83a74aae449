import { AuditLog, AuditModule } from '@app/audit';
import { Clock, Log } from '@app/common';
import { Config } from '@app/config';
import { CryptoModule } from '@app/crypto';
import { ChangeFeed } from '@app/database';
import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ApiKeyService } from './api-key.service.js';
import { Authenticator } from './authenticator.js';
import { CallerService } from './caller.service.js';
import { FailedAuthentications } from './failed-authentications.js';
import { FirstAdmin } from './first-admin.js';
import { KnownIdentities } from './identity/known-identities.js';
import { KnownIdentitiesRepository } from './identity/known-identities.repository.js';
import { TokenVerifier } from './identity/token.verifier.js';
import { tokenVerifierFor } from './identity/token.verifier.provider.js';
import { WorkloadAuthenticator } from './identity/workload.authenticator.js';
import { KnownKeys } from './known-keys.js';
import { KnownKeysRepository } from './known-keys.repository.js';
import { LastUses } from './last-uses.js';

const LAST_USES_EVERY_MS = 5000;
const FAILURES_EVERY_MS = 10_000;

/** Who may do what. Writes last uses and counted failures down while the application runs, and once more when it stops. */
@Module({
  imports: [AuditModule, CryptoModule],
  providers: [
    {
      provide: KnownKeys,
      inject: [KnownKeysRepository, ChangeFeed],
      useFactory: (repository: KnownKeysRepository, feed: ChangeFeed) => new KnownKeys(repository, feed),
    },
    {
      provide: LastUses,
      inject: [KnownKeysRepository, Log],
      useFactory: (repository: KnownKeysRepository, log: Log) => new LastUses(repository, log),
    },
    {
      provide: FailedAuthentications,
      inject: [AuditLog, Clock, Log],
      useFactory: (audit: AuditLog, clock: Clock, log: Log) => new FailedAuthentications(audit, clock, log),
    },
    {
      provide: KnownIdentities,
      inject: [KnownIdentitiesRepository, ChangeFeed],
      useFactory: (repository: KnownIdentitiesRepository, feed: ChangeFeed) => new KnownKeys(repository, feed),
    },
    { provide: TokenVerifier, inject: [Config, Clock, Log], useFactory: tokenVerifierFor },
    KnownIdentitiesRepository,
    WorkloadAuthenticator,
    KnownKeysRepository,
    CallerService,
    ApiKeyService,
    FirstAdmin,
    Authenticator,
  ],
  exports: [Authenticator, CallerService, ApiKeyService, FailedAuthentications],
})
export class CallersModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private timers: readonly NodeJS.Timeout[] = [];

  constructor(
    private readonly lastUses: LastUses,
    private readonly failures: FailedAuthentications,
    private readonly verifier: TokenVerifier,
  ) {}

  onApplicationBootstrap(): void {
    // Beside everything else: an issuer that does not answer keeps nobody with an API key waiting.
    void this.verifier.prepare();
    this.timers = [
      setInterval(() => void this.lastUses.flush(), LAST_USES_EVERY_MS).unref(),
      setInterval(() => void this.failures.flush(), FAILURES_EVERY_MS).unref(),
    ];
  }

  async onApplicationShutdown(): Promise<void> {
    this.timers.forEach(clearInterval);
    await Promise.all([this.lastUses.flush(), this.failures.flush()]);
  }
}
