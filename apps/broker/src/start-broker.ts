import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { LogRights } from '@app/audit';
import { CallerService } from '@app/callers';
import { BrokerError, type Log, Secret } from '@app/common';
import type { Config } from '@app/config';
import { migrate, startEmbeddedPostgres } from '@app/database';
import { collectDefaultMetrics } from 'prom-client';
import { createApp } from './app.factory.js';
import type { CleanUp } from './clean-up.js';
import { developerKey } from './development/admin-key.js';
import { connectDemos } from './development/demo.js';
import { greetingText } from './development/greeting.js';
import { type SandboxProcess, startSandboxProcess } from './development/sandbox.process.js';
import { beginWork, endWork } from './lifecycle.js';

/** Time for refreshes that are sent: a provider may take 30 s. In development nobody waits so long for Ctrl-C. */
const STOP_WITHIN_MS = { production: 45_000, development: 3000 } as const;

/**
 * Starts everything that this environment asks for, up to listening; whatever was started is in `cleanUp` at any moment.
 * Returns what to tell the person who started it.
 */
export async function startBroker(environment: Config, cleanUp: CleanUp, log: Log): Promise<string> {
  const config = await withDatabase(environment, cleanUp, log);
  const sandbox = await startSandbox(config, cleanUp);
  collectDefaultMetrics();
  const app = await createApp(config, log);
  cleanUp.add('broker', STOP_WITHIN_MS[config.environment], () => endWork(app, log));
  await beginWork(app);
  if (environment.databaseUrl !== undefined) {
    await app.get(LogRights).check();
  }
  if (config.environment === 'production') {
    await ensureFirstAdmin(config, app, log);
    const url = await listen(config, app, log);
    return `Claviger is running at ${url}. API documentation: ${url}/docs`;
  }
  const adminKey = await developerKey(config, app);
  const demos = sandbox === undefined ? [] : await connectDemos(app, sandbox.url);
  const url = await listen(config, app, log);
  return greetingText({ url, sandboxUrl: sandbox?.url, dataDir: config.dataDir, adminKey, demos });
}

/** The database that is configured or, in development, the embedded one; migrated. */
async function withDatabase(config: Config, cleanUp: CleanUp, log: Log): Promise<Config> {
  let { databaseUrl } = config;
  if (databaseUrl === undefined) {
    const postgres = await startEmbeddedPostgres({ directory: config.dataDir });
    cleanUp.add('embedded Postgres', 20_000, () => postgres.stop());
    databaseUrl = new Secret(postgres.url);
  }
  const applied = await migrate(databaseUrl.reveal());
  if (applied.length > 0) {
    log.info('Migrations were applied.', { count: applied.length });
  }
  return { ...config, databaseUrl };
}

async function startSandbox(config: Config, cleanUp: CleanUp): Promise<SandboxProcess | undefined> {
  if (!config.sandbox) {
    return undefined;
  }
  const sandbox = await startSandboxProcess(config);
  cleanUp.add('sandbox', 2000, () => sandbox.stop());
  return sandbox;
}

/** The first administrator, if the environment brings one. */
async function ensureFirstAdmin({ bootstrapAdminKey }: Config, app: NestFastifyApplication, log: Log): Promise<void> {
  if (bootstrapAdminKey !== undefined && (await app.get(CallerService).ensureAdmin(bootstrapAdminKey))) {
    log.info('The administrator of BOOTSTRAP_ADMIN_KEY was made. The variable is not needed any more.');
  }
}

/** Begins to answer; returns the address for people. */
async function listen({ host, port }: Config, app: NestFastifyApplication, log: Log): Promise<string> {
  try {
    await app.listen(port, host);
    const url = (await app.getUrl()).replace('[::1]', '127.0.0.1').replace('0.0.0.0', '127.0.0.1');
    log.info('The broker listens.', { url });
    return url;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'EADDRINUSE') {
      const detail = `Port ${port} on ${host} is taken. Stop the program that uses it, or start with another one: PORT=${port + 1} npm start`;
      throw new BrokerError('conflict', detail, { cause: error });
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL') {
      const detail = `${host}:${port} cannot be listened on (${code}). Set HOST to an address of this machine and PORT to one above 1023.`;
      throw new BrokerError('conflict', detail, { cause: error });
    }
    throw error;
  }
}
