import { Secret } from '@app/common';
import { type Config, TIMING } from '@app/config';
import { ConnectionsRepository } from '@app/connections';
import { Database } from '@app/database';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Client } from 'pg';
import { KnownKeysRepository } from '../../libs/callers/src/known-keys.repository.js';
import { VerificationRepository } from '../../libs/audit/src/verification/verification.repository.js';
import { Address } from '../harness/postgres/address.js';
import { eventually } from '../support/eventually.js';
import { libraryConfig } from '../support/library.js';
import { sql } from '../support/test-database.js';

const DATABASE_URL = process.env['DATABASE_URL'] ?? '';
const UNAVAILABLE = { code: 'storage_unavailable' };
const ONE = { text: 'select 1 as one', values: [] };
/** Holds its connection until all of a pool are taken. */
const SLOW = { text: 'select pg_sleep(0.1)', values: [] };

const configFor = (url: string): Config => ({
  ...libraryConfig,
  databaseUrl: new Secret(url),
  timing: { ...TIMING, statementWithinMs: 1000 },
});

const times = <Result>(count: number, work: () => Promise<Result>): Promise<PromiseSettledResult<Result>[]> =>
  Promise.allSettled(Array.from({ length: count }, work));

const rejections = (count: number) =>
  Array.from({ length: count }, () => expect.objectContaining({ reason: expect.objectContaining(UNAVAILABLE) }));

describe('a Postgres that vanishes without a word', () => {
  let address: Address;
  let sut: Database;

  beforeEach(async () => {
    address = await Address.open();
    address.leadTo(DATABASE_URL);
    sut = new Database(configFor(address.inFrontOf(DATABASE_URL)));
  });

  afterEach(async () => {
    await address.close();
    await sut.close();
  });

  it.each([
    ['requests', 10, (statement: typeof ONE) => sut.query(statement)],
    ['adoption', 2, (statement: typeof ONE) => sut.adopt(statement)],
  ])('should hold back the pool of %s no longer than a statement may take', async (name, size, run) => {
    await times(size, () => run(SLOW));
    const pool = name === 'requests' ? sut.requestPool : sut.adoptionPool;
    expect(pool.totalCount).toBe(size);

    address.silence();

    expect(await times(size, () => run(ONE))).toEqual(rejections(size));
    expect(await run(ONE)).toEqual([{ one: 1 }]);
    // None of the former is among them.
    expect(pool.totalCount).toBe(1);
  });

  it('should keep callers waiting for less, who wait for a key and a connection', async () => {
    const patient = new Database({ ...libraryConfig, databaseUrl: new Secret(address.inFrontOf(DATABASE_URL)) });
    await times(2, () => patient.query(SLOW));
    const nothing = {} as never;
    const connections = new ConnectionsRepository(patient, nothing, nothing, nothing, libraryConfig);
    const reads = [
      () => new KnownKeysRepository(patient).findKey('k1'),
      () => connections.find({ provider: 'klavi', connection: 'acme' }),
    ];

    address.silence();

    for (const read of reads) {
      const late = pause(TIMING.statementWithinMs, 'late', { ref: false });
      await expect(Promise.race([read(), late])).rejects.toMatchObject(UNAVAILABLE);
    }
    await patient.close();
  });

  it('should end a transaction as soon, and leave none of its connections behind', async () => {
    const vanished = sut.transaction(async (transaction) => {
      await transaction.$queryRaw`select 1`;
      address.silence();
      await transaction.$queryRaw`select 2`;
    });

    await expect(vanished).rejects.toMatchObject(UNAVAILABLE);
    await eventually(() => expect(sut.requestPool.totalCount).toBe(0));
    expect(await sut.transaction((transaction) => transaction.$queryRaw`select 1 as one`)).toEqual([{ one: 1 }]);
  });

  it('should be told from one that works for long, where that is allowed', async () => {
    const holder = new Client({ connectionString: DATABASE_URL });
    await holder.connect();
    await holder.query('begin; lock table audit_events in access exclusive mode');

    const looking = new VerificationRepository(sut).find('1', 1);
    await eventually(async () =>
      expect(
        await sql(
          `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
           and clock_timestamp() - query_start > interval '1500 milliseconds'`,
        ),
      ).toHaveLength(1),
    );
    await holder.end();

    expect(await looking).toEqual([]);
  });
});

describe('a Postgres that takes connections and says nothing', () => {
  let server: Server;
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    server = createServer((socket) => void sockets.add(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(async () => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
    await once(server, 'close');
  });

  it('should be known for unreachable', async () => {
    const { port } = server.address() as AddressInfo;
    const sut = new Database(configFor(`postgresql://nobody@127.0.0.1:${port}/nothing`));

    await expect(sut.adopt(ONE)).rejects.toMatchObject(UNAVAILABLE);
    expect(sut.adoptionPool.totalCount).toBe(0);
    await sut.close();
  });
});
