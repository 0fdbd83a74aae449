import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { AuditDeviceModule, AuditKeepingModule, AuditModule, AuditReadingModule } from '@app/audit';
import { CallersModule } from '@app/callers';
import type { Log } from '@app/common';
import { type Config, ConfigModule } from '@app/config';
import { ConnectionsModule } from '@app/connections';
import { DatabaseModule } from '@app/database';
import { ProvidersModule } from '@app/providers';
import { TokensModule } from '@app/tokens';
import { ApiKeysController } from './admin/callers/api-keys.controller.js';
import { CallersController } from './admin/callers/callers.controller.js';
import { ExplanationController } from './admin/callers/explanation.controller.js';
import { ConnectionActionsController } from './admin/connections/connection-actions.controller.js';
import { ConnectionsController } from './admin/connections/connections.controller.js';
import { KeysController } from './admin/keys/keys.controller.js';
import { ProviderTypesController } from './admin/provider-types/provider-types.controller.js';
import { ProvidersController } from './admin/providers/providers.controller.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditCopyController } from './audit/audit-copy.controller.js';
import { DatabaseHealth } from './health/database.health.js';
import { Draining } from './health/draining.js';
import { HealthController } from './health/health.controller.js';
import { Admission } from './http/admission.js';
import { AuthenticationGuard } from './http/authentication.guard.js';
import { IdentityHeader } from './http/identity.header.js';
import { InputGuard } from './http/input.guard.js';
import { RequestCaller } from './http/request.caller.js';
import { ProblemFilter } from './http/problem.filter.js';
import { createValidationPipe } from './http/validation.pipe.js';
import { LimitsModule } from './limits/limits.module.js';
import { LogModule } from './log.module.js';
import { DirectTokens } from './token/direct.tokens.js';
import { TokenController } from './token/token.controller.js';

/** The broker: every library, and its HTTP face. */
@Module({})
export class AppModule {
  static with(config: Config, log: Log): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        LogModule.with(log),
        DatabaseModule,
        AuditDeviceModule,
        AuditModule,
        AuditKeepingModule,
        AuditReadingModule,
        CallersModule,
        ProvidersModule,
        ConnectionsModule,
        TokensModule,
        LimitsModule,
      ],
      controllers: [
        TokenController,
        ProviderTypesController,
        ProvidersController,
        ConnectionsController,
        ConnectionActionsController,
        CallersController,
        ApiKeysController,
        ExplanationController,
        KeysController,
        AuditController,
        AuditCopyController,
        HealthController,
      ],
      providers: [
        Admission,
        DatabaseHealth,
        DirectTokens,
        Draining,
        IdentityHeader,
        RequestCaller,
        { provide: APP_GUARD, useClass: AuthenticationGuard },
        { provide: APP_GUARD, useClass: InputGuard },
        { provide: APP_PIPE, useFactory: createValidationPipe },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
