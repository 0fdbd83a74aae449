import { type DynamicModule, Global, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuditLog, AuditModule } from '@app/audit';
import { Log } from '@app/common';
import { type Config, ConfigModule } from '@app/config';
import {
  AdoptionsRepository,
  KeysRepository,
  ReconcileChanges,
  Reconciler,
  ReconcileReader,
  ReconcileRepository,
  RestoreRepository,
} from '@app/connections';
import { CryptoModule } from '@app/crypto';
import { Database, DatabaseModule } from '@app/database';
import { ProvidersModule } from '@app/providers';

@Global()
@Module({})
class CommandLogModule {
  static with(log: Log): DynamicModule {
    return { module: CommandLogModule, providers: [{ provide: Log, useValue: log }], exports: [Log] };
  }
}

/** As much of the broker as a restored database is reconciled with: it opens, reads and changes, and sends nothing. */
@Module({})
class ReconcileModule {
  static with(config: Config, log: Log): DynamicModule {
    return {
      module: ReconcileModule,
      imports: [
        ConfigModule.with(config),
        CommandLogModule.with(log),
        DatabaseModule,
        AuditModule,
        CryptoModule,
        ProvidersModule,
      ],
      providers: [
        AdoptionsRepository,
        KeysRepository,
        ReconcileChanges,
        Reconciler,
        ReconcileReader,
        ReconcileRepository,
        RestoreRepository,
      ],
    };
  }
}

/** What a command asks for its parts. */
export type Parts = Awaited<ReturnType<typeof NestFactory.createApplicationContext>>;

/** Runs `work` with these parts; the log is flushed and the pools are closed whatever comes of it. */
export async function withParts<Result>(
  config: Config,
  log: Log,
  work: (parts: Parts) => Promise<Result>,
): Promise<Result> {
  const parts = await NestFactory.createApplicationContext(ReconcileModule.with(config, log), {
    logger: false,
    abortOnError: false,
  });
  try {
    return await work(parts);
  } finally {
    await parts.get(AuditLog).close();
    await parts.close();
    await parts.get(Database).close();
  }
}
