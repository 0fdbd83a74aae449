// What trouble.mjs happens to: two replicas, their database, two providers, and an open loop of requests.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { newApiKey } from '../../dist/libs/callers/src/index.js';
import { writeKeyFile } from '../../dist/libs/crypto/src/index.js';
import { startBroker } from './broker.mjs';
import { startProgram } from './command.mjs';
import { startKlavi } from './klavi.mjs';
import { load } from './load.mjs';
import { fillOldDays } from './old-days.mjs';
import { seedConnections, seedProvider } from './seed.mjs';

export const REPLICAS = 2;
/** Below those that the system gives to outgoing connections. */
const PORTS = [21_801, 21_802];
const CONNECTIONS = 1000;
/** Odd, so that both replicas are asked for all of them. */
const ASKED_FOR = 999;
/** Callers of each replica that wait for tokens of the provider that does not answer. */
export const UNLUCKY = 16;
const QUIET_MS = 1250;
const SETTLE_MS = 500;
/** Days of the log that the keeper drops, from so many days ago to so many. */
export const OLD = { first: 7, last: 3, rowsPerDay: 25_000 };
export const RETENTION_DAYS = 2;

const names = (count) => Array.from({ length: count }, (_, index) => `/providers/a/token?connection=c-${index}`);

/** Two replicas behind nothing, their database, two providers, and the load. */
export class World {
  replicas = [];
  rotations = [];

  constructor(context, database, folder) {
    this.context = context;
    this.database = database;
    this.folder = folder;
    this.keysFile = join(folder, 'keys.json');
    this.admin = newApiKey().text.reveal();
  }

  async start() {
    writeKeyFile(this.keysFile);
    this.silent = await startKlavi();
    this.other = await startKlavi();
    // The first one makes the keys known to the database; what is seeded is sealed with the same file.
    await fillOldDays(this.database, OLD);
    const seed = { url: this.database, keysFile: this.keysFile };
    await seedProvider({ ...seed, name: 'a', type: 'klavi', settings: { base_url: this.other.url } });
    await seedProvider({ ...seed, name: 'b', type: 'klavi', settings: { base_url: this.silent.url } });
    await seedConnections({ ...seed, provider: 'a', count: CONNECTIONS, refreshIn: () => 3600, expiresIn: () => 7200 });
    const expired = { refreshIn: () => 3600, expiresIn: () => -60 };
    await seedConnections({ ...seed, provider: 'b', count: REPLICAS * UNLUCKY * this.context.rounds, ...expired });
    await Promise.all(PORTS.map((_, index) => this.startReplica(index)));
  }

  async startReplica(index) {
    this.replicas[index] = await startBroker({
      env: {
        DATABASE_URL: this.database,
        DATA_DIR: join(this.folder, `replica-${index}`),
        KEYS_FILE: this.keysFile,
        BOOTSTRAP_ADMIN_KEY: this.admin,
        AUDIT_RETENTION_DAYS: String(RETENTION_DAYS),
        SANDBOX: 'off',
        PORT: String(PORTS[index]),
      },
    });
  }

  /** Requests a second that both replicas together answer, one path after the other, at full load. */
  async capacity() {
    const headers = { authorization: `Bearer ${this.admin}` };
    const both = (seconds) =>
      Promise.all(
        this.replicas.map(({ url }) => load({ url, paths: names(ASKED_FOR), headers, connections: 16, seconds })),
      );
    await both(2);
    return (await both(2)).reduce((sum, { rate }) => sum + rate, 0);
  }

  async beginLoad(rate) {
    this.paced = startProgram('paced.mjs');
    const addresses = PORTS.map((port) => ({ host: '127.0.0.1', port }));
    await this.paced.tell('begin', { addresses, rate, paths: names(ASKED_FOR), key: this.admin });
    await pause(1000);
  }

  /** What is asked for while `work` goes on is counted under this name; then a while under none. */
  async phase(kind, round, work, settleMs = SETTLE_MS) {
    await this.paced.tell('enter', { name: `${kind} ${round}` });
    const value = await work();
    await this.paced.tell('enter', { name: 'between' });
    await pause(settleMs);
    return value;
  }

  quiet(kind, round) {
    return this.phase(`quiet before ${kind}`, round, () => pause(QUIET_MS), 0);
  }

  async stop() {
    await this.paced?.stop();
    await Promise.all(this.replicas.map((replica) => replica?.stop()));
    await Promise.all([this.silent?.stop(), this.other?.stop()]);
  }
}
