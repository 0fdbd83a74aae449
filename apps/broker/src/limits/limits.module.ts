import { AuditLog, AuditModule } from '@app/audit';
import { Log } from '@app/common';
import { Config } from '@app/config';
import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Overload } from './overload.js';
import { RefusedRequests } from './refused-requests.js';
import { RequestLimits } from './request.limits.js';

const REFUSED_EVERY_MS = 10_000;

/** How much is taken on. Writes the refused requests down while the application runs, and once more when it stops. */
@Module({
  imports: [AuditModule],
  providers: [
    {
      provide: RefusedRequests,
      inject: [AuditLog, Log],
      useFactory: (audit: AuditLog, log: Log) => new RefusedRequests(audit, log),
    },
    {
      provide: RequestLimits,
      inject: [Config, RefusedRequests],
      useFactory: ({ rateLimit }: Config, refused: RefusedRequests) => new RequestLimits(rateLimit, refused),
    },
    Overload,
  ],
  exports: [RequestLimits, Overload],
})
export class LimitsModule implements OnApplicationBootstrap, OnApplicationShutdown {
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly refused: RefusedRequests) {}

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => void this.refused.flush(), REFUSED_EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.refused.flush();
  }
}
