import { ConnectionService, ConnectionsRepository } from '@app/connections';
import { Database } from '@app/database';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newConnection, newInput, storedConnection } from '../support/connections.js';
import { sql } from '../support/test-database.js';
import { startTokenReplica, SYSTEM, type TokenReplica } from '../support/token-replica.js';

const ALL = { berbix: 1000, klavi: 1000 };
const klavi = { credential: { access_token: 'access-1' } };

describe(ConnectionsRepository.name, () => {
  let replica: TokenReplica;
  let other: TokenReplica;
  let sut: ConnectionsRepository;

  beforeAll(async () => {
    [replica, other] = await Promise.all([startTokenReplica(), startTokenReplica()]);
    sut = replica.module.get(ConnectionsRepository);
  });

  afterAll(async () => {
    await replica.stop();
    await other.stop();
  });

  beforeEach(() => sql('delete from connections'));

  /** Connections that are due, the first made the longest ago. */
  const dueConnections = async (count: number, provider = 'berbix'): Promise<string[]> => {
    const ids: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const { id } = await newConnection(replica, provider === 'klavi' ? klavi : {}, provider);
      await sql(`update connections set refresh_at = clock_timestamp() - $2 * interval '1 second' where id = $1`, [
        id,
        count - index,
      ]);
      ids.push(id);
    }
    return ids;
  };
  const claimed = async (slots: Readonly<Record<string, number>> = ALL) =>
    (await sut.claimDue(slots)).map(({ id }) => id).toSorted();

  describe('claiming what is due', () => {
    it('should take as many of each provider as it is allowed, those first that are due the longest', async () => {
      const berbix = await dueConnections(4);
      const ofKlavi = await dueConnections(3, 'klavi');
      expect(await claimed({ berbix: 3, klavi: 1 })).toEqual(
        [...berbix.slice(0, 3), ...ofKlavi.slice(0, 1)].toSorted(),
      );
      expect(await claimed({ klavi: 5 })).toEqual(ofKlavi.slice(1).toSorted());
      expect(await claimed()).toEqual(berbix.slice(3));
      expect(await claimed()).toEqual([]);
    });

    it.each(['on', 'off'])(
      'should take no more than it is allowed, whatever plan Postgres chooses (hash joins %s)',
      async (use) => {
        await dueConnections(12);
        const [{ name } = { name: '' }] = await sql<{ name: string }>('select current_database() as name');
        for (const plan of ['hashjoin', 'hashagg', 'mergejoin', 'sort', 'material']) {
          await sql(`alter database ${name} set enable_${plan} = ${use}`);
        }
        const planned = await startTokenReplica();
        try {
          expect(await planned.module.get(ConnectionsRepository).claimDue({ berbix: 3, klavi: 5 })).toHaveLength(3);
        } finally {
          await planned.stop();
          await sql(`alter database ${name} reset all`);
        }
      },
    );

    it('should never give one connection to two replicas', async () => {
      const ids = await dueConnections(20);
      const theirs = other.module.get(ConnectionsRepository);
      const claims = Array.from({ length: 10 }, (_, index) => (index % 2 ? sut : theirs).claimDue({ berbix: 2 }));
      const given = (await Promise.all(claims)).flat().map(({ id }) => id);
      expect(given.length).toBe(new Set(given).size);
      expect([...given, ...(await claimed())].toSorted()).toEqual(ids.toSorted());
    });

    it('should not wait for a row that another replica is claiming, but skip it', async () => {
      const [first = '', second = ''] = await dueConnections(2);
      const claiming = await replica.module.get(Database).requestPool.connect();
      await claiming.query('begin');
      await claiming.query('select id from connections where id = $1 for update', [first]);
      expect(await claimed({ berbix: 2 })).toEqual([second]);
      await claiming.query('rollback');
      claiming.release();
      expect(await claimed({ berbix: 2 })).toEqual([first]);
    });

    it.each([
      ['is paused', `state = 'paused'`],
      ['waits for a new credential', `state = 'reauthorization_required'`],
      ['waits for other settings', `state = 'misconfigured'`],
      ['is not due yet', `refresh_at = clock_timestamp() + interval '1 minute'`],
      ['has nothing to be done', 'refresh_at = null'],
      ['backs off', `retry_at = clock_timestamp() + interval '1 minute'`],
      ['is being renewed', `lease_expires_at = clock_timestamp() + interval '1 minute'`],
    ])('should leave a connection that %s', async (_what, change) => {
      const [id = '', good] = await dueConnections(2);
      await sql(`update connections set ${change} where id = $1`, [id]);
      expect(await claimed()).toEqual([good]);
    });

    it.each([
      ['an outcome that is not known', `state = 'uncertain'`],
      ['a back-off that is over', `retry_at = clock_timestamp() - interval '1 ms'`],
      ['a lease that has expired', `lease_expires_at = clock_timestamp() - interval '1 ms'`],
    ])('should take a connection with %s', async (_what, change) => {
      const [id = ''] = await dueConnections(1);
      await sql(`update connections set ${change} where id = $1`, [id]);
      expect(await claimed()).toEqual([id]);
    });

    it('should come back by itself where the claimer died', async () => {
      const [id = ''] = await dueConnections(1);
      await sql(`update connections set refresh_at = refresh_at - interval '1 minute'`);
      await claimed();
      await sql(`update connections set claimed_at = claimed_at - interval '20 seconds'`);
      expect(await claimed()).toEqual([]);
      await sql(`update connections set claimed_at = claimed_at - interval '11 seconds'`);
      expect(await claimed()).toEqual([id]);
    });

    it('should be taken again at once where it falls due anew', async () => {
      const [id = ''] = await dueConnections(1);
      await sql(`update connections set refresh_at = refresh_at - interval '1 minute'`);
      await claimed();
      await sql(`update connections set claimed_at = claimed_at - interval '5 seconds'`);
      expect(await claimed()).toEqual([]);
      await sql(`update connections set refresh_at = clock_timestamp() - interval '1 second'`);
      expect(await claimed()).toEqual([id]);
    });
  });

  it('should know whether somebody holds a live lease', async () => {
    const { id, provider, connection } = await newConnection(replica);
    const leased = async () => (await replica.find(provider, connection)).leased;
    await expect(leased()).resolves.toBe(false);
    await sql(`update connections set lease_expires_at = clock_timestamp() + interval '1 minute' where id = $1`, [id]);
    await expect(leased()).resolves.toBe(true);
    await sql(`update connections set lease_expires_at = clock_timestamp() where id = $1`, [id]);
    await expect(leased()).resolves.toBe(false);
  });

  it('should name every field that is set, at either level, and open no credential', async () => {
    const { connection } = await newConnection(replica);
    await sql(`update providers set settings = '{"base_url":"https://b.example"}' where name = 'berbix'`);
    await sql(`update connections set credential = 'not sealed'`);
    const found = await sut.find({ provider: 'berbix', connection });
    await sql(`update providers set settings = '{}' where name = 'berbix'`);
    expect([...(found?.fields ?? [])].toSorted()).toEqual(['api_secret', 'base_url', 'refresh_token']);
    expect(found).toMatchObject({ type: 'berbix', state: 'active', generation: 1, token: null, trouble: null });
    await expect(sut.find({ provider: 'berbix', connection: 'nobody' })).resolves.toBeUndefined();
  });

  it('should tell what changed of late, and not more of it than asked for', async () => {
    const [old, fresh] = await dueConnections(2);
    await sql(`update connections set updated_at = clock_timestamp() - interval '1 minute' where id = $1`, [old]);
    const changed = await sut.changedWithin(5, 10);
    const { provider, name, updated_at } = (await storedConnection(fresh ?? '')) as unknown as Record<string, unknown>;
    expect(changed).toEqual([{ provider, connection: name, changedAt: Number(updated_at) }]);
    expect(await sut.changedWithin(120, 1)).toHaveLength(1);
  });

  const put = (provider: string, connection: string) =>
    replica.module
      .get(ConnectionService)
      .put(SYSTEM, { provider, connection }, newInput(provider === 'klavi' ? klavi : {}));

  const covered = async (rules: readonly string[], after = '', limit = 100) => {
    const [provider = '', connection = ''] = after.split('/');
    const found = await sut.findCovered(rules, { provider, connection }, limit);
    return found.map((each) => `${each.provider}/${each.connection}`);
  };

  describe('listing what rules cover', () => {
    beforeEach(async () => {
      for (const connection of ['a_b', 'acb', 'prod-1', 'prod-2', 'test.1']) {
        await put('berbix', connection);
      }
      await put('klavi', 'prod-1');
    });

    it.each([
      [['berbix/prod-1'], ['berbix/prod-1']],
      [['berbix/prod-*'], ['berbix/prod-1', 'berbix/prod-2']],
      [['*/prod-1'], ['berbix/prod-1', 'klavi/prod-1']],
      [['b*x/*1'], ['berbix/prod-1', 'berbix/test.1']],
      [['berbix/a_b'], ['berbix/a_b']],
      [['berbix/test_1', 'ber/prod-1', 'berbix/prod'], []],
      [
        ['klavi/*', 'klavi/prod-1', 'berbix/acb'],
        ['berbix/acb', 'klavi/prod-1'],
      ],
      [[], []],
    ])('should give, for %j, %j', async (rules, names) => {
      expect(await covered(rules)).toEqual(names);
    });

    it('should go on after a name, across providers', async () => {
      expect(await covered(['*/*'], 'berbix/prod-1', 2)).toEqual(['berbix/prod-2', 'berbix/test.1']);
      expect(await covered(['*/*'], 'berbix/test.1', 2)).toEqual(['klavi/prod-1']);
    });
  });

  it('should count connections by provider and state, with the first expiry', async () => {
    await dueConnections(2);
    await dueConnections(1, 'klavi');
    const expiry = new Date('2030-01-01T00:00:00Z');
    await sql(`update connections set token_expires_at = $1 where provider = 'berbix'`, [expiry]);
    const lines = await sut.census();
    expect(lines).toHaveLength(2);
    expect(lines).toContainEqual({ provider: 'berbix', state: 'active', count: 2, nextExpiry: expiry.getTime() });
    expect(lines).toContainEqual({ provider: 'klavi', state: 'active', count: 1, nextExpiry: null });
  });
});
