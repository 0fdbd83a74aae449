import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Log, Secret } from '@app/common';
import { type Config, TIMING } from '@app/config';
import { Global, Module } from '@nestjs/common';

const ignore = (): void => undefined;

/** A Log that says nothing, for libraries that are tested without the application. */
export const silentLog: Log = { error: ignore, warn: ignore, info: ignore, debug: ignore };

/** Makes it injectable everywhere. */
@Global()
@Module({ providers: [{ provide: Log, useValue: silentLog }], exports: [Log] })
export class SilentLogModule {}

/** The test file's own folder, which goes with it (database-environment.js). */
export const testFolder = process.env['TEST_FOLDER'] ?? tmpdir();

/** What a library needs to know of the environment: the test file's own database, and nothing on the disk. */
export const libraryConfig: Config = {
  environment: 'development',
  host: '127.0.0.1',
  port: 0,
  databaseUrl: new Secret(process.env['DATABASE_URL'] ?? ''),
  dataDir: '/nowhere',
  spoolDir: mkdtempSync(join(testFolder, 'spool-')),
  auditSpoolDir: undefined,
  sandbox: false,
  sandboxPort: 0,
  keysFile: undefined,
  auditRetentionDays: undefined,
  tokenCacheMb: 64,
  keyService: { provider: 'file', text: undefined, vault: undefined, kmsKey: undefined },
  bootstrapAdminKey: undefined,
  outboundAllowedNetworks: [],
  identitiesFile: undefined,
  trustedProxies: [],
  identityHeader: undefined,
  rateLimit: undefined,
  logLevel: 'silent',
  timing: TIMING,
};
