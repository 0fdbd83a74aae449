import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '../http/documented.js';
import { AuditLog } from '@app/audit';
import { errorFacts, Log } from '@app/common';
import { Census } from '@app/tokens';
import { register } from 'prom-client';
import type { BrokerReply } from '../http/request.js';
import { Public } from '../http/roles.decorator.js';
import { Draining } from './draining.js';
import { DatabaseHealth } from './database.health.js';
import { LivenessView, ReadinessView } from './health.view.js';

/** For load balancers, orchestrators and Prometheus. */
@ApiTags('operations')
@Public()
@Controller()
export class HealthController {
  constructor(
    private readonly database: DatabaseHealth,
    private readonly audit: AuditLog,
    private readonly draining: Draining,
    private readonly census: Census,
    @Inject(Log) private readonly log: Log,
  ) {}

  @Get('health/live')
  @ApiOperation({ summary: 'The process runs' })
  @ApiOkResponse({ type: LivenessView })
  live(): LivenessView {
    return { live: true };
  }

  @Get('health/ready')
  @ApiOperation({ summary: 'It can serve: database writable, migrations applied, audit appendable, not stopping' })
  @ApiOkResponse({ type: ReadinessView })
  @ApiServiceUnavailableResponse({ type: ReadinessView })
  async ready(@Res({ passthrough: true }) reply: BrokerReply): Promise<ReadinessView> {
    const [{ writable, migrated, bridged }, appendable] = await Promise.all([
      this.database.check(),
      this.audit.isAppendable(),
    ]);
    const checks = { database: writable, migrations: migrated, audit: appendable, serving: !this.draining.isOn };
    const ready = Object.values({ ...checks, database: writable || bridged }).every(Boolean);
    void reply.status(ready ? 200 : 503);
    return { ready, checks };
  }

  @Get('metrics')
  @Header('content-type', register.contentType)
  @ApiOperation({ summary: 'Metrics in the text format of Prometheus' })
  async metrics(): Promise<string> {
    try {
      await this.census.take();
    } catch (error) {
      this.log.warn('Connections cannot be counted for the metrics.', errorFacts(error));
    }
    return register.metrics();
  }
}
