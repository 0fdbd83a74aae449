import { type Connection, ConnectionService, ProviderService } from '@app/connections';
import { failed, type Outcome } from '@app/providers';
import { Refresher, RefreshService, Scheduler, TokenService } from '@app/tokens';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { newConnection, storedAttempts } from '../support/connections.js';
import { eventually } from '../support/eventually.js';
import { ANYBODY, newOAuthConnection, newOAuthProvider } from '../support/one-shot.js';
import { sql } from '../support/test-database.js';
import {
  BILLING,
  granted,
  HeldProvider,
  startTokenReplica,
  SYSTEM,
  type TokenReplica,
} from '../support/token-replica.js';

const ASKED = { trigger: 'caller', origin: BILLING } as const;
const REFUSED = failed('invalid_client', 401);
const MISCONFIGURED = {
  code: 'connection_misconfigured',
  facts: { upstream: { reason: 'invalid_client', status: 401 } },
};
const ALERT = 'The provider refuses what all its connections share.';

/** How many wait for a lock with a failure that they store. */
const waiting = async () => {
  const [row] = await sql<{ count: number }>(
    `select count(*)::int as count from pg_stat_activity where wait_event_type = 'Lock' and query like '%stood%' and datname = current_database()`,
  );
  return row?.count ?? 0;
};

describe('a refused client', () => {
  let provider: HeldProvider;
  let replica: TokenReplica;
  let other: TokenReplica;
  let name: string;
  let first: Connection;
  let second: Connection;

  beforeEach(async () => {
    await sql('delete from connections');
    provider = new HeldProvider();
    replica = await startTokenReplica(provider, { backoffLeastMs: 1, backoffMostMs: 1 });
    other = await startTokenReplica(provider);
    name = await newOAuthProvider(replica);
    first = await newOAuthConnection(replica, { provider: name });
    second = await newOAuthConnection(replica, { provider: name });
  });

  afterEach(async () => {
    await Promise.all([replica, other].map(({ module }) => module.get(Scheduler).stop()));
    provider.requests.forEach(({ answer }) => answer(failed('connect_failed')));
    await replica.stop();
    await other.stop();
  });

  const again = (connection: Connection) => replica.find(connection.provider, connection.connection);
  const refresh = async (connection: Connection, { module } = replica) =>
    module.get(Refresher).refresh(await again(connection), ASKED);
  const issue = (connection: Connection, minTtlSeconds = 60, { module } = other) =>
    module.get(TokenService).issue(ANYBODY, { ...connection, minTtlSeconds }, BILLING);
  const answer = async (outcome: Outcome) => {
    const request = await provider.next();
    request.answer(outcome);
    return request;
  };
  const refuse = async (connection = first) => {
    const asking = refresh(connection);
    await answer(REFUSED);
    await expect(asking).rejects.toMatchObject(MISCONFIGURED);
  };
  const refusals = () =>
    sql<{ name: string }>('select name from providers where refused_at is not null and name = $1', [name]);
  const alerts = () => [...replica.lines, ...other.lines].filter((line) => line.includes(ALERT));

  it('should stop its provider for everybody, with one line for the operator', async () => {
    await refuse();
    expect(await refusals()).toEqual([{ name }]);
    expect(alerts()).toHaveLength(1);
    expect(JSON.parse(alerts()[0] ?? '')).toMatchObject({ provider: name, reason: 'invalid_client', status: 401 });
    for (const asked of [replica, other]) {
      await expect(refresh(second, asked)).rejects.toMatchObject(MISCONFIGURED);
    }
    expect(provider.requests).toHaveLength(1);
    expect(await storedAttempts(second.id)).toEqual([]);
  });

  it('should be told once where several were under way', async () => {
    const asking = [refresh(first), refresh(second, other)];
    await answer(REFUSED);
    await answer(REFUSED);
    await Promise.allSettled(asking);
    expect(alerts()).toHaveLength(1);
  });

  it('should leave credentials and live tokens alone', async () => {
    await refuse();
    expect(await again(first)).toMatchObject({ generation: 1, state: 'misconfigured' });
    expect(await again(second)).toMatchObject({ generation: 1, state: 'active' });
    for (const connection of [first, second]) {
      expect(await issue(connection)).toMatchObject({ accessToken: 'access-1' });
      expect(await issue(connection, 3600)).toMatchObject({ accessToken: 'access-1' });
    }
    const dead = await newOAuthConnection(replica, { provider: name, livesMs: null });
    await expect(issue(dead)).rejects.toMatchObject(MISCONFIGURED);
    expect(provider.requests).toHaveLength(1);
  });

  it('should keep the scheduler off that provider, and off no other', async () => {
    await refuse();
    const due = await newOAuthConnection(replica, { provider: name, livesMs: null });
    const elsewhere = await newConnection(replica);
    [replica, other].forEach(({ module }) => module.get(Scheduler).start());
    expect((await answer(granted('access-2'))).type).toBe('berbix');
    await eventually(async () => expect(await again(elsewhere)).toMatchObject({ generation: 2 }));
    expect(await storedAttempts(due.id)).toEqual([]);
    expect(provider.requests).toHaveLength(2);
  });

  it.each([
    ['a new secret', { secrets: { client_secret: 'new-secret' } }],
    ['another setting', { settings: { scope: 'read' } }],
  ])('should be lifted by %s of the provider, for all of its connections', async (_what, changes) => {
    await refuse();
    await other.module.get(ProviderService).patch(SYSTEM, name, changes);
    expect(await refusals()).toEqual([]);
    for (const connection of [first, second]) {
      const asking = refresh(connection);
      expect((await answer(granted('access-2'))).secrets['refresh_token']).toBe('refresh-1');
      expect(await asking).toMatchObject({ generation: 2, state: 'active' });
    }
  });

  it('should not be lifted by a change of one connection, nor by a change of nothing', async () => {
    await refuse();
    await replica.module.get(ConnectionService).patch(SYSTEM, first, { settings: { scope: 'read' } });
    await replica.module.get(ProviderService).patch(SYSTEM, name, {});
    expect(await refusals()).toEqual([{ name }]);
    await expect(refresh(first)).rejects.toMatchObject(MISCONFIGURED);
    expect(provider.requests).toHaveLength(1);
  });

  it('should be told again where it is refused again after that', async () => {
    await refuse();
    await replica.module.get(ProviderService).patch(SYSTEM, name, { secrets: { client_secret: 'as-wrong' } });
    await refuse(second);
    expect(alerts()).toHaveLength(2);
  });

  it('should not be concluded from what was sent before the provider was changed', async () => {
    const asking = refresh(first);
    const late = await provider.next();
    await other.module.get(ProviderService).patch(SYSTEM, name, { secrets: { client_secret: 'new-secret' } });
    late.answer(REFUSED);
    await expect(asking).rejects.toMatchObject(MISCONFIGURED);
    expect(await refusals()).toEqual([]);
    expect(alerts()).toEqual([]);
    expect(await again(first)).toMatchObject({ generation: 1, state: 'active' });
    const next = refresh(first);
    expect((await answer(granted('access-2'))).secrets['client_secret']).toBe('new-secret');
    expect(await next).toMatchObject({ generation: 2, state: 'active' });
  });

  it('should not be concluded while the change is on its way either', async () => {
    const asking = refresh(first);
    const late = await provider.next();
    const transaction = new Client({ connectionString: process.env['DATABASE_URL'] });
    await transaction.connect();
    await transaction.query('begin');
    await transaction.query('select from connections where provider = $1 for update', [name]);
    await transaction.query('update providers set version = version + 1, refused_at = null where name = $1', [name]);
    late.answer(REFUSED);
    await eventually(async () => expect(await waiting()).toBeGreaterThan(0));
    await transaction.query('commit');
    await transaction.end();
    await expect(asking).rejects.toMatchObject(MISCONFIGURED);
    expect(await refusals()).toEqual([]);
    expect(await again(first)).toMatchObject({ generation: 1, state: 'active' });
  });

  it.each([
    ['bad_request', failed('bad_request', 400), 'connection_misconfigured'],
    ['invalid_grant', failed('invalid_grant', 400), 'reauthorization_required'],
  ])('nor from what was sent before the connection was changed: %s', async (_what, refusal, code) => {
    const asking = refresh(first);
    const late = await provider.next();
    await other.module.get(ConnectionService).patch(SYSTEM, first, { settings: { scope: 'read' } });
    late.answer(refusal);
    await expect(asking).rejects.toMatchObject({ code });
    expect(await again(first)).toMatchObject({ generation: 1, state: 'active', consecutiveFailures: 0 });
    const next = refresh(first);
    expect((await answer(granted('access-2'))).settings['scope']).toBe('read');
    expect(await next).toMatchObject({ generation: 2 });
  });

  it('should be of no concern to a connection with a client of its own', async () => {
    const own = await newOAuthConnection(replica, {
      provider: name,
      credential: { client_secret: 'own' },
      own: { client_id: 'own' },
      livesMs: null,
    });
    await refuse();
    const asking = issue(own, 60, replica);
    expect((await answer(granted('access-2'))).secrets['client_secret']).toBe('own');
    expect(await asking).toMatchObject({ accessToken: 'access-2' });
  });

  it('should be of no concern to a client of its own that needs no secret', async () => {
    const client = { client_id: 'own', client_auth: 'none' };
    const own = await newOAuthConnection(replica, { provider: name, own: client, livesMs: null });
    await refuse();
    const asking = issue(own, 60, replica);
    await Promise.race([asking, answer(granted('access-2'))]);
    expect(await asking).toMatchObject({ accessToken: 'access-2' });
  });

  it('should be of no concern to the others where it is the client of one connection', async () => {
    const own = await newOAuthConnection(replica, { provider: name, credential: { client_secret: 'own' } });
    await refuse(own);
    expect(await refusals()).toEqual([]);
    expect(alerts()).toEqual([]);
    expect(await again(own)).toMatchObject({ state: 'misconfigured' });
    const asking = refresh(first);
    await answer(granted('access-2'));
    expect(await asking).toMatchObject({ generation: 2 });
  });

  it('should be the client of one connection also where that names it and sends no secret', async () => {
    const own = await newOAuthConnection(replica, { provider: name, own: { client_id: 'own', client_auth: 'none' } });
    await refuse(own);
    expect(await refusals()).toEqual([]);
  });

  it('should be tried once more where an operator asks for it', async () => {
    await refuse();
    const asking = replica.module.get(RefreshService).refreshNow(second, BILLING);
    await answer(REFUSED);
    expect(await asking).toEqual({ outcome: 'misconfigured', reason: 'invalid_client', upstreamStatus: 401 });
    expect(alerts()).toHaveLength(1);
  });

  it('should not be concluded from any other refusal', async () => {
    const asking = refresh(first);
    await answer(failed('bad_request', 400));
    await expect(asking).rejects.toMatchObject({ code: 'connection_misconfigured' });
    expect(await refusals()).toEqual([]);
  });
});
