import {
  AdoptionsRepository,
  AttemptsRepository,
  ConnectionService,
  ConnectionsRepository,
  ProviderService,
} from '@app/connections';
import { Secret } from '@app/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decidedNow, newAttempt, newConnection, open, storedConnection } from '../support/connections.js';
import { sql } from '../support/test-database.js';
import { startTokenReplica, SYSTEM, type TokenReplica } from '../support/token-replica.js';

const EVIL = 'https://evil.example';
const ADOPTION = {
  grant: {
    accessToken: new Secret('late'),
    tokenType: 'Bearer',
    expiresInSeconds: 3600,
    expiryClamped: false,
    credential: { refresh_token: new Secret('refresh-2') },
    extra: {},
  },
  status: 200,
  livesMs: 3_595_000,
  lifetimeSeconds: 3600,
  refreshInMs: 0,
  durationMs: 7,
};

describe('an unconfirmed host', () => {
  let replica: TokenReplica;
  let attempts: AttemptsRepository;
  let connections: ConnectionService;
  let providers: ProviderService;

  beforeAll(async () => {
    replica = await startTokenReplica();
    attempts = replica.module.get(AttemptsRepository);
    connections = replica.module.get(ConnectionService);
    providers = replica.module.get(ProviderService);
  });

  afterAll(() => replica.stop());

  const move = (name: { readonly provider: string; readonly connection: string }, base_url: string | null = EVIL) =>
    connections.patch(SYSTEM, name, { settings: { base_url } });

  it('should get no attempt that was decided on before the change was committed', async () => {
    const connection = await newConnection(replica);
    const decided = await decidedNow(newAttempt(connection.id));
    await move(connection);

    expect(await attempts.open(decided)).toBeUndefined();
    expect(await attempts.open({ ...decided, ignoreBackoff: true, trigger: 'admin' })).toBeUndefined();
  });

  it('should get nothing of an attempt that was opened before: that goes where it was opened for', async () => {
    const connection = await newConnection(replica);
    const opened = await open(replica, newAttempt(connection.id));
    await move(connection);

    expect(opened.effective.settings).not.toHaveProperty('base_url');
  });

  it('should stay unconfirmed where a late answer makes the connection active again', async () => {
    const connection = await newConnection(replica);
    const opened = await open(replica, newAttempt(connection.id));
    await move(connection);
    const adopted = await replica.module.get(AdoptionsRepository).adopt(opened, ADOPTION);

    expect(adopted).toBe('adopted');
    expect((await storedConnection(connection.id)).state).toBe('active');
    const now = await replica.find(connection.provider, connection.connection);
    expect(now).toMatchObject({ generation: 2, state: 'misconfigured', trouble: { reason: 'host_unconfirmed' } });
    const again = await decidedNow(newAttempt(connection.id, { generation: 2 }));
    expect(await attempts.open(again)).toBeUndefined();
    const due = await replica.module.get(ConnectionsRepository).claimDue({ [connection.provider]: 100 });
    expect(due.map(({ id }) => id)).not.toContain(connection.id);
    await connections.confirmHosts(SYSTEM, connection);
    expect(await attempts.open(again)).toMatchObject({ effective: { settings: { base_url: EVIL } } });
  });

  it('should leave what else a connection waits for as it is', async () => {
    const connection = await newConnection(replica);
    await sql(
      `update connections set state = 'reauthorization_required', state_reason = 'credential_used' where id = $1`,
      [connection.id],
    );
    await move(connection);
    expect(await replica.find(connection.provider, connection.connection)).toMatchObject({ state: 'misconfigured' });
    await connections.confirmHosts(SYSTEM, connection);

    expect(await replica.find(connection.provider, connection.connection)).toMatchObject({
      state: 'reauthorization_required',
      trouble: { reason: 'credential_used' },
    });
  });

  it('should be counted and listed as it is shown', async () => {
    const connection = await newConnection(replica);
    await move(connection);
    const repository = replica.module.get(ConnectionsRepository);
    const covered = await repository.findCovered(
      [`${connection.provider}/${connection.connection}`],
      { provider: '', connection: '' },
      1,
    );

    expect(covered).toMatchObject([{ state: 'misconfigured' }]);
    const census = await repository.census();
    expect(census.find(({ state }) => state === 'misconfigured')?.count).toBeGreaterThanOrEqual(1);
    const page = await connections.list({ state: 'active' }, { limit: 1000 });
    expect(page.items.map(({ id }) => id)).not.toContain(connection.id);
  });

  it('should be none of what stood there before the hosts were looked at', async () => {
    const connection = await newConnection(replica);
    await sql(`update connections set settings = '{"base_url":"${EVIL}"}' where id = $1`, [connection.id]);
    await connections.patch(SYSTEM, connection, { settings: { base_url: `${EVIL}/v2` } });

    expect(await attempts.open(await decidedNow(newAttempt(connection.id)))).toBeDefined();
  });

  it('should mark ten thousand connections of a provider in one change', async () => {
    await providers.put(SYSTEM, 'crowd', { type: 'klavi', settings: {}, secrets: {} });
    await sql(`insert into connections (id, provider, name, credential, credential_fields)
      select gen_random_uuid(), 'crowd', 'c-' || n, 'x', '{access_token}' from generate_series(1, 10000) as n`);
    await providers.patch(SYSTEM, 'crowd', { settings: { base_url: EVIL } });
    const count = `select count(*)::int as marked from connections where provider = 'crowd' and unconfirmed_hosts = '{${EVIL}}'`;

    expect(await sql(count)).toEqual([{ marked: 10_000 }]);
    await providers.confirmHosts(SYSTEM, 'crowd');
    expect(await sql(count)).toEqual([{ marked: 0 }]);
  });
});
