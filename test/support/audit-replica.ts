import { type AuditEvent, AuditKeepingModule, AuditLog, AuditModule, Checkpoints } from '@app/audit';
import { Clock, createLog, Log } from '@app/common';
import { type Config, ConfigModule } from '@app/config';
import { type KeyFile, Keyring } from '@app/crypto';
import { Database, DatabaseModule } from '@app/database';
import { Global, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { libraryConfig } from './library.js';

/** A replica as far as the audit log goes: it writes, signs and keeps it, when a test says so. */
export interface AuditReplica {
  readonly parts: TestingModule;
  readonly log: AuditLog;
  readonly checkpoints: Checkpoints;
  readonly keyring: Keyring;
  /** Every line that it logged. */
  readonly lines: readonly Record<string, unknown>[];
  /** Closes its stream and its pools. */
  stop(): Promise<void>;
}

export interface AuditReplicaOptions {
  readonly keys: KeyFile;
  /** The time of what it records; the database's own unless given. */
  readonly now?: () => number;
  readonly config?: Partial<Config>;
}

/** An event like most. */
export const issued = (overrides: Partial<AuditEvent> = {}): AuditEvent => ({
  action: 'token.issued',
  outcome: 'ok',
  actor: { type: 'caller', caller: 'billing', keyId: 'billingkey01' },
  provider: 'klavi',
  connection: 'acme',
  ...overrides,
});

/** Starts one on the test file's database; several with the same keys are replicas of one broker. */
export async function startAuditReplica({ keys, now, config = {} }: AuditReplicaOptions): Promise<AuditReplica> {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const log = createLog('debug', { write });

  @Global()
  @Module({ providers: [{ provide: Log, useValue: log }], exports: [Log] })
  class LinesModule {}

  const keyring = new Keyring(keys);
  const building = Test.createTestingModule({
    imports: [
      ConfigModule.with({ ...libraryConfig, ...config }),
      LinesModule,
      DatabaseModule,
      AuditModule,
      AuditKeepingModule,
    ],
  })
    .overrideProvider(Keyring)
    .useValue(keyring);
  const parts = await (now === undefined ? building : building.overrideProvider(Clock).useValue({ now })).compile();
  return {
    parts,
    log: parts.get(AuditLog),
    checkpoints: parts.get(Checkpoints),
    keyring,
    lines,
    stop: async () => {
      await parts.get(AuditLog).close();
      await parts.get(Database).close();
    },
  };
}
