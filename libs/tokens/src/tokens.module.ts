import { Module } from '@nestjs/common';
import { AuditModule } from '@app/audit';
import { CallersModule } from '@app/callers';
import { ConnectionsModule } from '@app/connections';
import { ProvidersModule } from '@app/providers';
import { AttemptLease } from './attempt.lease.js';
import { AttemptRecorder } from './attempt.recorder.js';
import { AttemptRunner } from './attempt.runner.js';
import { AttemptSender } from './attempt.sender.js';
import { AttemptStarter } from './attempt.starter.js';
import { Census } from './census.js';
import { Consequences } from './consequences.js';
import { CoveredConnections } from './covered.connections.js';
import { FailureStore } from './failure.store.js';
import { GrantStore } from './grant.store.js';
import { EventLoop } from './health/event-loop.js';
import { Preflight } from './health/preflight.js';
import { ProviderHealth } from './health/provider.health.js';
import { HeldConnections } from './held.connections.js';
import { Housekeeping } from './housekeeping.js';
import { Insistence } from './insistence.js';
import { Planner } from './planner.js';
import { RefreshService } from './refresh.service.js';
import { Refresher } from './refresher.js';
import { Scheduler } from './scheduler.js';
import { SendSlots } from './send.slots.js';
import { SpoolReplay } from './spool.replay.js';
import { SpoolReplayReader } from './spool.replay.reader.js';
import { SpoolReplaySettler } from './spool.replay.settler.js';
import { TokenCache } from './token.cache.js';
import { TokenService } from './token.service.js';
import { TokenSource } from './token.source.js';
import { Usage } from './usage.js';
import { Warming } from './warming.js';

/** Issuing, renewing and scheduling. */
@Module({
  imports: [AuditModule, CallersModule, ConnectionsModule, ProvidersModule],
  providers: [
    AttemptLease,
    AttemptRecorder,
    AttemptRunner,
    AttemptSender,
    AttemptStarter,
    Census,
    Consequences,
    CoveredConnections,
    EventLoop,
    FailureStore,
    GrantStore,
    HeldConnections,
    Housekeeping,
    Insistence,
    Planner,
    Preflight,
    ProviderHealth,
    Refresher,
    RefreshService,
    Scheduler,
    SendSlots,
    SpoolReplay,
    SpoolReplayReader,
    SpoolReplaySettler,
    TokenCache,
    TokenService,
    TokenSource,
    Usage,
    Warming,
  ],
  exports: [
    AttemptRecorder,
    Census,
    CoveredConnections,
    Housekeeping,
    Refresher,
    RefreshService,
    Scheduler,
    SpoolReplay,
    TokenService,
    Warming,
  ],
})
export class TokensModule {}
