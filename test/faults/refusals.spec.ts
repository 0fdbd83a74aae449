import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  askToken,
  configureProvider,
  connectMany,
  refreshNow,
  reportRejected,
  until,
} from '../harness/brokers/index.js';
import type { GrantRecord, IssuedGrant } from '../harness/upstream/index.js';
import { startWorld, type World } from '../harness/world.js';
import { expectKept, pass, requestsOf } from '../support/fault-broker-accounts.js';

jest.setTimeout(60_000);

const CONNECTIONS = 60;
/** What a replica sends at once to one provider. */
const AT_ONCE = 8;
const ALERT = 'The provider refuses what all its connections share';
/** Several back-offs of the shortened times (at most 1 s each). */
const LONG_ENOUGH_MS = 4000;

let world: World;

beforeAll(async () => {
  world = await startWorld({ replicas: 2 });
});

afterAll(async () => {
  await world.end();
});

const alerts = (): number => world.output().split(ALERT).length - 1;

const requestCount = (records: readonly GrantRecord[]): number =>
  records.reduce((sum, { requests }) => sum + requests.length, 0);

describe('a provider that refuses the client (invalid_client) while many connections are due', () => {
  const PROVIDER = 'shared';
  let grants: readonly IssuedGrant[];
  let names: readonly string[];

  const records = (): Promise<readonly GrantRecord[]> => world.upstream.records({ clientId: PROVIDER });

  /** What a failure must not touch. */
  const held = (): Promise<readonly object[]> =>
    world.database.rows(
      `select name, generation, encode(credential, 'hex') as credential, credential_updated_at, encode(token, 'hex') as token
       from connections where provider = $1 order by name`,
      [PROVIDER],
    );

  beforeAll(async () => {
    grants = await world.upstream.issueMany('strict', CONNECTIONS, { client: PROVIDER });
    await configureProvider(world.one, PROVIDER, grants[0] as IssuedGrant);
    names = await connectMany(world.one, PROVIDER, PROVIDER, grants);
  });

  it('should be met by no more requests than were under way, one alert, and not by a storm', async () => {
    const before = await held();
    await world.upstream.fault({ kind: 'invalid_client', clientId: PROVIDER, times: 'until_cleared' });
    await world.database.makeDue(...names);
    await until('the provider is marked', async () => {
      const [row] = await world.database.rows<{ reason: string | null }>(
        'select refused_reason as reason from providers where name = $1',
        [PROVIDER],
      );
      return row?.reason === 'invalid_client';
    });
    await pass(LONG_ENOUGH_MS);
    const sent = requestCount(await records());
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThanOrEqual(AT_ONCE * world.replicas.length);
    await world.database.makeDue(...names);
    await pass(LONG_ENOUGH_MS / 2);
    expect(requestCount(await records())).toBe(sent);
    expect(alerts()).toBe(1);
    expect(await held()).toEqual(before);
    expect((await records()).flatMap(({ sends }) => Object.values(sends))).toEqual([]);
    process.stdout.write(`invalid_client: ${sent} requests for ${CONNECTIONS} due connections, ${alerts()} alert\n`);
  });

  it('should leave callers their old tokens, and tell those without one what is wrong, without asking again', async () => {
    const sent = requestCount(await records());
    const [alive = '', dead = ''] = names;
    await world.database.expireIn(dead, -1);
    await until('both replicas know of the end', async () => {
      const answers = await Promise.all(world.replicas.map((replica) => askToken(replica, PROVIDER, dead)));
      return answers.every(({ status, body }) => status === 409 && body['code'] === 'connection_misconfigured');
    });
    const served = await Promise.all(world.replicas.map((replica) => askToken(replica, PROVIDER, alive)));
    expect(served.map(({ status, body }) => [status, body['access_token']])).toEqual(
      served.map(() => [200, grants[0]?.accessToken]),
    );
    const reported = await Promise.all(world.replicas.map((replica) => reportRejected(replica, PROVIDER, alive, 1)));
    expect(reported.map(({ status, body }) => [status, body['code']])).toEqual(
      reported.map(() => [409, 'connection_misconfigured']),
    );
    expect(requestCount(await records())).toBe(sent);
  });

  it('should refresh every one of them, once each, as soon as an operator has changed the provider', async () => {
    const before = requestCount(await records());
    await world.upstream.clear();
    await configureProvider(world.one, PROVIDER, grants[0] as IssuedGrant);
    await world.database.makeDue(...names);
    const waiting = async (): Promise<number> =>
      (await world.database.rows('select from connections where provider = $1 and generation = 1', [PROVIDER])).length;
    await until('all are refreshed', async () => (await waiting()) === 0, 20_000);
    const after = await records();
    expect(requestCount(after) - before).toBe(CONNECTIONS);
    expect(after.filter(({ alive, reuses }) => !alive || reuses.length > 0)).toEqual([]);
  });
});

describe('a provider that refuses the credential (invalid_grant)', () => {
  it('should be answered with 409, and not be asked again by anybody', async () => {
    const account = await world.account('revoked', 'strict');
    await world.upstream.revoke(account.grant.grantId);
    const first = await reportRejected(world.one, account.name, account.name, 1);
    expect(first).toMatchObject({
      status: 409,
      body: { code: 'reauthorization_required', upstream: { status: 400, reason: 'invalid_grant' } },
    });
    expect((await world.database.connection(account.name)).state).toBe('reauthorization_required');

    await account.makeDue();
    await world.database.expireIn(account.name, -1);
    await pass(LONG_ENOUGH_MS / 2);
    await until('both replicas say so', async () => {
      const answers = await Promise.all(world.replicas.map((replica) => account.ask(replica)));
      return answers.every(({ status, body }) => status === 409 && body['code'] === 'reauthorization_required');
    });
    await Promise.all(world.replicas.map((replica) => refreshNow(replica, account.name, account.name)));
    expect(await requestsOf(account)).toEqual(['token invalid_grant']);
  });
});

describe('a provider that asks us to wait (429 with Retry-After)', () => {
  it('should be left alone for so long by schedulers and callers of both replicas, and be asked once then', async () => {
    const account = await world.account('limited', 'strict');
    await world.upstream.fault({ kind: 'rate_limited', grantId: account.grant.grantId, retryAfter: 4 });
    await world.database.expireIn(account.name, -1);
    await account.makeDue();
    await account.untilSeen();
    await world.database.untilClosed(account.name);
    const answers = await Promise.all(world.replicas.map((replica) => account.ask(replica)));
    for (const { status, body } of answers) {
      expect({ status, code: body['code'] }).toEqual({ status: 503, code: 'provider_unavailable' });
      expect(Number(body['retry_after'])).toBeGreaterThanOrEqual(2);
    }
    await world.database.untilGeneration(account.name, 2);
    const { requests } = await account.record();
    expect(requests.map(({ status }) => status)).toEqual([429, 200]);
    expect((requests[1]?.at ?? 0) - (requests[0]?.at ?? 0)).toBeGreaterThanOrEqual(4000);
    expect(await account.outcomes()).toEqual(['not_sent', 'ok']);
    await expectKept(world, account);
  });

  it('should be believed where it says 30 s: the row waits exactly so long', async () => {
    const account = await world.account('limited-30', 'strict');
    await world.upstream.fault({ kind: 'rate_limited', grantId: account.grant.grantId, retryAfter: 30 });
    await account.makeDue();
    const [attempt] = await world.database.untilClosed(account.name);
    const { retry_at: retryAt, refresh_at: refreshAt } = await world.database.connection(account.name);
    expect(attempt?.reason).toBe('rate_limited');
    expect((retryAt?.getTime() ?? 0) - (attempt?.closed_at?.getTime() ?? 0)).toBeGreaterThanOrEqual(29_990);
    expect((retryAt?.getTime() ?? 0) - (attempt?.closed_at?.getTime() ?? 0)).toBeLessThanOrEqual(30_010);
    expect(refreshAt?.getTime()).toBeGreaterThanOrEqual((retryAt?.getTime() ?? 0) - 10);
    await pass(LONG_ENOUGH_MS / 2);
    expect((await account.record()).requests).toHaveLength(1);
  });
});
