import { Module } from '@nestjs/common';
import { AuditModule } from '@app/audit';
import { CallersModule } from '@app/callers';
import { ConnectionsModule } from '@app/connections';
import { ProvidersModule } from '@app/providers';
import { AttemptRecorder } from './attempt.recorder.js';
import { AttemptRunner } from './attempt.runner.js';
import { AttemptSender } from './attempt.sender.js';
import { AttemptStore } from './attempt.store.js';
import { Census } from './census.js';
import { CoveredConnections } from './covered.connections.js';
import { RefreshService } from './refresh.service.js';
import { Refresher } from './refresher.js';
import { Scheduler } from './scheduler.js';
import { TokenCache } from './token.cache.js';
import { TokenService } from './token.service.js';

/** Issuing, renewing and scheduling. */
@Module({
  imports: [AuditModule, CallersModule, ConnectionsModule, ProvidersModule],
  providers: [
    AttemptRecorder,
    AttemptRunner,
    AttemptSender,
    AttemptStore,
    Census,
    CoveredConnections,
    Refresher,
    RefreshService,
    Scheduler,
    TokenCache,
    TokenService,
  ],
  exports: [AttemptRecorder, Census, CoveredConnections, Refresher, RefreshService, Scheduler, TokenService],
})
export class TokensModule {}
