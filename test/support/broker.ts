import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiKeyService, CallerService, newApiKey, NO_FIELDS, type Role } from '@app/callers';
import { createLog } from '@app/common';
import { readConfig, TIMING, type Timing } from '@app/config';
import supertest from 'supertest';
import { createApp } from '../../apps/broker/src/app.factory.js';
import { Overload } from '../../apps/broker/src/limits/overload.js';
import { beginWork, endWork } from '../../apps/broker/src/lifecycle.js';

/** Tests send more than callers should; those of the limits themselves set them. */
const UNLIMITED = { RATE_LIMIT: 'off' };
const SYSTEM = { actor: { type: 'system' } } as const;

/** A broker as users reach it: the whole application, listening, on the test file's own database. */
export interface TestBroker {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly adminKey: string;
  /** Folder of its key file; give it to a second broker to have a replica. */
  readonly dataDir: string;
  /** Every line that it logged, as JSON text. */
  readonly lines: readonly string[];
  /** A supertest agent that sends this API key; the administrator's unless another is given. */
  as(key?: string): ReturnType<typeof supertest.agent>;
  /** A key of a fresh caller with these rules and roles. */
  keyFor(rules: readonly string[], roles?: readonly Role[]): Promise<string>;
  stop(): Promise<void>;
}

export interface TestBrokerOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Where production's times do not do. */
  readonly timing?: Partial<Timing>;
  /** The first replica, whose keys and administrator this one shares. */
  readonly replicaOf?: TestBroker;
}

/** Starts one; several may share the database, as replicas do. */
export async function startBroker({
  environment = {},
  timing,
  replicaOf,
}: TestBrokerOptions = {}): Promise<TestBroker> {
  const dataDir = replicaOf?.dataDir ?? (await mkdtemp(join(tmpdir(), 'claviger-broker-')));
  const database = process.env['DATABASE_URL'];
  const variables = { DATABASE_URL: database, DATA_DIR: dataDir, PORT: '0', ...UNLIMITED, ...environment };
  const config = { ...readConfig(variables), timing: { ...TIMING, ...timing } };
  const lines: string[] = [];
  const log = createLog('debug', { write: (line: string) => void lines.push(line) });
  const app = await createApp(config, log);
  // The test's own work shares the event loop of this process: what is late here says nothing of the broker.
  app.get(Overload).onModuleDestroy();
  await beginWork(app);
  const key = newApiKey().text;
  const created = await app.get(CallerService).ensureAdmin(key);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const adminKey = created || replicaOf === undefined ? key.reveal() : replicaOf.adminKey;
  let callers = 0;
  return {
    app,
    url,
    adminKey,
    dataDir,
    lines,
    as: (shown = adminKey) => supertest.agent(url).set('authorization', `Bearer ${shown}`),
    keyFor: async (rules, roles = []) => {
      callers += 1;
      const name = `caller-${process.pid}-${callers}-${Date.now()}`;
      await app.get(CallerService).put(SYSTEM, name, { ...NO_FIELDS, rules, roles });
      return (await app.get(ApiKeyService).issue(SYSTEM, name, null)).key.reveal();
    },
    stop: async () => {
      await endWork(app, log);
      if (replicaOf === undefined) {
        await rm(dataDir, { recursive: true, force: true });
      }
    },
  };
}
