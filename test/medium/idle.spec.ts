import type { Connection } from '@app/connections';
import { failed } from '@app/providers';
import { Refresher, Scheduler, TokenService } from '@app/tokens';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Usage } from '../../libs/tokens/src/usage.js';
import { newConnection, storedAttempts, storedConnection } from '../support/connections.js';
import { eventually } from '../support/eventually.js';
import { ANYBODY, newOAuthConnection } from '../support/one-shot.js';
import { sql } from '../support/test-database.js';
import { BILLING, granted, HeldProvider, startTokenReplica, type TokenReplica } from '../support/token-replica.js';

const ASKED = { trigger: 'caller', origin: BILLING } as const;
const DAY = 86_400;

describe('an idle connection', () => {
  let replica: TokenReplica;
  let connection: Connection;

  beforeEach(async () => {
    await sql('delete from connections');
    replica = await startTokenReplica(new HeldProvider(), { lookEveryMs: 50 });
  });

  afterEach(async () => {
    await replica.module.get(Scheduler).stop();
    replica.provider.requests.forEach(({ answer }) => answer(failed('connect_failed')));
    await replica.stop();
  });

  const again = () => replica.find(connection.provider, connection.connection);
  const stored = () => storedConnection(connection.id);
  const run = () => replica.module.get(Scheduler).start();
  /** A connection that was renewed `secondsAgo`, and is due again. */
  const renewed = async (settings: object = {}, secondsAgo = 1600) => {
    connection = await newOAuthConnection(replica, { settings: { ...settings }, livesMs: null });
    await firstRefresh();
    await ages(secondsAgo);
  };
  const firstRefresh = async () => {
    const asking = replica.module.get(Refresher).refresh(connection, ASKED);
    (await replica.provider.next()).answer(granted('access-2', { refresh_token: 'refresh-2' }));
    connection = await asking;
  };
  const ages = (seconds: number) =>
    sql(
      `update connections set token_issued_at = token_issued_at - $2 * interval '1 second', refresh_at = clock_timestamp(),
         token_expires_at = token_expires_at - $2 * interval '1 second' where id = $1`,
      [connection.id, seconds],
    );
  const postponed = () =>
    eventually(async () => {
      const { refresh_at } = await stored();
      expect(Number(refresh_at)).toBeGreaterThan(Date.now() + 3_600_000);
      return (Number(refresh_at) - ((await again()).token?.issuedAt ?? 0)) / 1000;
    });
  const renewedBySchedule = async () => {
    (await replica.provider.next()).answer(granted('access-3'));
    await eventually(async () => expect(await again()).toMatchObject({ generation: 3 }));
    return replica.provider.requests.length;
  };
  const issue = () => replica.module.get(TokenService).issue(ANYBODY, { ...connection, minTtlSeconds: 60 }, BILLING);

  it('should be left alone for a week where nobody says when its refresh token dies', async () => {
    await renewed();
    run();
    expect(await postponed()).toBeCloseTo(7 * DAY, 0);
    expect(replica.provider.requests).toHaveLength(1);
    expect(await storedAttempts(connection.id)).toHaveLength(1);
    expect(await stored()).toMatchObject({ state: 'active', generation: 2, lease_holder: null });
  });

  it('should be kept alive at half the time after which its refresh token dies of disuse', async () => {
    await renewed({ refresh_token_idle_seconds: 30 * DAY });
    run();
    expect(await postponed()).toBeCloseTo(15 * DAY, 0);
    await ages(15 * DAY);
    expect(await renewedBySchedule()).toBe(2);
  });

  it('should be renewed within a moment of its next use, ahead of the next caller', async () => {
    await renewed();
    run();
    await postponed();
    expect(await issue()).toMatchObject({ accessToken: 'access-2', source: 'cache' });
    await replica.module.get(Usage).stop();
    expect(await renewedBySchedule()).toBe(2);
    expect((await again()).lastUsedAt).toBeGreaterThan(Date.now() - 5000);
  });

  it('should be renewed for whoever asks once its token has died', async () => {
    await renewed({}, 3600);
    run();
    await postponed();
    const asking = issue();
    (await replica.provider.next()).answer(granted('access-3'));
    expect(await asking).toMatchObject({ accessToken: 'access-3', source: 'refresh' });
  });

  it('should be none where a caller got this very token', async () => {
    await renewed({}, 0);
    await issue();
    await replica.module.get(Usage).stop();
    await ages(0);
    run();
    expect(await renewedBySchedule()).toBe(2);
  });

  it('should be one again where only its token before was used', async () => {
    await renewed();
    await sql(`update connections set last_used_at = token_issued_at - interval '1 second'`);
    run();
    await postponed();
    expect(replica.provider.requests).toHaveLength(1);
  });

  it('should be none where its refresh token can be repeated: it is renewed as usual', async () => {
    await renewed({ rotation: 'static' });
    run();
    expect(await renewedBySchedule()).toBe(2);
  });

  it('should be none within a grace either', async () => {
    await renewed({ rotation: 'grace', grace_seconds: 60 });
    run();
    expect(await renewedBySchedule()).toBe(2);
  });

  it('should be none where its token lives too short to judge', async () => {
    await renewed();
    await sql('update connections set token_lifetime_seconds = 119');
    run();
    expect(await renewedBySchedule()).toBe(2);
  });

  it('should be none before its first token', async () => {
    connection = await newOAuthConnection(replica, { livesMs: null });
    run();
    (await replica.provider.next()).answer(granted('access-2'));
    await eventually(async () => expect(await again()).toMatchObject({ generation: 2 }));
  });

  describe('in use', () => {
    it('should have its use written down at most every ten seconds, and once for many', async () => {
      await renewed({}, 0);
      const usage = replica.module.get(Usage);
      await Promise.all(Array.from({ length: 20 }, issue));
      await usage.stop();
      const { lastUsedAt } = await again();
      await issue();
      await usage.stop();
      expect((await again()).lastUsedAt).toBe(lastUsedAt);
      await sql(`update connections set last_used_at = last_used_at - interval '11 seconds'`);
      await issue();
      await usage.stop();
      expect((await again()).lastUsedAt).toBeGreaterThanOrEqual(lastUsedAt ?? Number.NaN);
    });

    it('should not be made due before its time', async () => {
      await renewed({}, 0);
      await sql(`update connections set refresh_at = clock_timestamp() + interval '10 minutes'`);
      const before = await stored();
      await issue();
      await replica.module.get(Usage).stop();
      expect((await stored()).refresh_at).toEqual(before.refresh_at);
    });

    it('should not be written down where a repeat is safe', async () => {
      connection = await newConnection(replica);
      await firstRefresh();
      await issue();
      await replica.module.get(Usage).stop();
      expect(await again()).toMatchObject({ lastUsedAt: null });
    });
  });
});
