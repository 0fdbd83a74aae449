import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { askToken, BrokersDatabase, refreshNow, Replica, reportRejected } from '../harness/brokers/index.js';
import { reconcile } from '../harness/brokers-reconcile.js';
import { restoreDump, takeDump } from '../harness/postgres/logical-dump.js';
import { OwnPostgres } from '../harness/postgres/own-postgres.js';
import { type Account, startWorld, type World } from '../harness/world.js';
import { pass } from '../support/fault-broker-accounts.js';

jest.setTimeout(90_000);

/** So many generations older is the dump than what the provider knows. */
const GENERATIONS = 3;
/** Longer than the zombie window and several back-offs. */
const LONG_ENOUGH_MS = 3000;

let folder: string;
let postgres: OwnPostgres;
let world: World;
/** The broker on the other cluster: it has the keys, and a disk of its own. */
let newcomer: Replica;
let strict: Account;
let idle: Account;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claviger-elsewhere-'));
  postgres = await OwnPostgres.start(join(folder, 'primary'));
  world = await startWorld({ replicas: 2, databaseUrl: postgres.url });
  strict = await world.account('strict', 'strict');
  idle = await world.account('idle', 'strict');
  const database = new BrokersDatabase(process.env['DATABASE_URL'] ?? '');
  newcomer = new Replica({ ...world.one.options, database, spoolDir: join(folder, 'spool') });
});

afterAll(async () => {
  await newcomer.kill();
  await newcomer.options.database.end();
  await world.end();
  await postgres.end();
  await rm(folder, { recursive: true, force: true });
});

const auditFile = (): string => join(folder, 'events.ndjson');

/** One event a line, as an export has them. */
async function exportAudit(replica: Replica): Promise<void> {
  const { body } = await replica.ask('GET', '/audit/events?limit=1000');
  expect(body['next_cursor']).toBeNull();
  const lines = (body['items'] as readonly object[]).map((event) => `${JSON.stringify(event)}\n`);
  await writeFile(auditFile(), lines.join(''));
}

const stateOf = async ({ name }: Account): Promise<string> => {
  const { state, state_reason: reason } = await newcomer.options.database.connection(name);
  return `${state} ${reason}`;
};

async function expectNothingSent(): Promise<void> {
  const records = await Promise.all([strict, idle].map((account) => account.record()));
  expect(records.map(({ requests }) => requests.length)).toEqual([GENERATIONS + 1, 1]);
  expect(records.map(({ alive, reuses }) => ({ alive, reuses }))).toEqual(
    records.map(() => ({ alive: true, reuses: [] })),
  );
}

describe(`a dump that is ${GENERATIONS} generations old, restored in another cluster for a broker with an empty disk`, () => {
  it('should be known as what it is: nothing that may be consumed is sent, and live tokens are served', async () => {
    for (const account of [strict, idle]) {
      expect((await account.refreshNow(world.one)).body['outcome']).toBe('ok');
    }
    const dump = await takeDump(postgres.url);
    for (let generation = 1; generation <= GENERATIONS; generation += 1) {
      expect((await strict.refreshNow(world.replicas[generation % 2] ?? world.one)).body['outcome']).toBe('ok');
    }
    await exportAudit(world.one);
    await Promise.all(world.replicas.map((replica) => replica.kill()));
    await restoreDump(newcomer.options.database.url, dump);
    await newcomer.start();

    await newcomer.options.database.makeDue(strict.name, idle.name);
    const answers = await Promise.all(
      [strict, idle].flatMap(({ name }) => [reportRejected(newcomer, name, name, 2), refreshNow(newcomer, name, name)]),
    );
    expect(answers.map(({ status, body }) => `${status} ${String(body['code'])}`)).toEqual(
      answers.map(() => '409 conflict'),
    );
    await pass(LONG_ENOUGH_MS);
    expect(await Promise.all([strict, idle].map(stateOf))).toEqual([
      'uncertain database_restored',
      'uncertain database_restored',
    ]);
    for (const { name } of [strict, idle]) {
      const { status, body } = await askToken(newcomer, name, name);
      expect({ status, generation: body['generation'] }).toEqual({ status: 200, generation: 2 });
      expect(await world.upstream.accessTokenAlive(String(body['access_token']))).toBe(true);
    }
    await expectNothingSent();
  });

  it('should learn from an export of the audit log which credentials were used, and go on with the others', async () => {
    const { code, text } = await reconcile(newcomer, { audit: auditFile() });
    process.stdout.write(text);
    expect(code).toBe(1);
    expect(await Promise.all([strict, idle].map(stateOf))).toEqual([
      'reauthorization_required credential_used',
      'active null',
    ]);
    await expectNothingSent();
    expect((await refreshNow(newcomer, idle.name, idle.name)).body['outcome']).toBe('ok');
  });

  it('should have even those back once the disk of a former replica is found', async () => {
    const spools = world.replicas.map(({ options }) => options.spoolDir);
    const { code, text } = await reconcile(newcomer, { spools });
    process.stdout.write(text);
    expect(code).toBe(0);
    for (const { name } of [strict, idle]) {
      expect((await refreshNow(newcomer, name, name)).body['outcome']).toBe('ok');
    }
    for (const account of [strict, idle]) {
      const { sends, reuses, alive } = await account.record();
      expect({ most: Math.max(...Object.values(sends)), reuses, alive }).toEqual({ most: 1, reuses: [], alive: true });
    }
  });
});
