import { type Connection, type ConnectionChanges, ConnectionService, ProviderService } from '@app/connections';
import { failed, type Outcome } from '@app/providers';
import { Refresher, RefreshService } from '@app/tokens';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { expireLease, newConnection, storedAttempts, storedConnection } from '../support/connections.js';
import { eventually } from '../support/eventually.js';
import { newOAuthConnection, type OAuthSetup, sendOneShot, timePasses } from '../support/one-shot.js';
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
const UNCERTAIN = { code: 'provider_unavailable', facts: { upstream: { reason: 'outcome_unknown' } } };

describe('an operator', () => {
  let provider: HeldProvider;
  let replica: TokenReplica;
  let connection: Connection;

  beforeEach(async () => {
    provider = new HeldProvider();
    replica = await startTokenReplica(provider, { backoffLeastMs: 1, backoffMostMs: 1 });
  });

  afterEach(async () => {
    provider.requests.forEach(({ answer }) => answer(failed('connect_failed')));
    await replica.stop();
  });

  const admin = () => replica.module.get(ConnectionService);
  const again = () => replica.find(connection.provider, connection.connection);
  const refresh = async () => replica.module.get(Refresher).refresh(await again(), ASKED);
  const refreshNow = () => replica.module.get(RefreshService).refreshNow(connection, BILLING);
  const patch = (changes: ConnectionChanges) => admin().patch(SYSTEM, connection, changes);
  const answer = async (outcome: Outcome) => {
    const request = await provider.next();
    request.answer(outcome);
    return request.secrets;
  };
  /** Asks for a refresh that the provider refuses, where it is sent at all. Gives what was sent and how it ended. */
  const refreshedInVain = async () => {
    const before = provider.requests.length;
    let error: unknown;
    const asking = refresh().catch((thrown: unknown) => void (error = thrown));
    await eventually(() => {
      expect(error !== undefined || provider.requests.length > before).toBe(true);
    });
    provider.requests.forEach(({ answer: end }) => end(failed('invalid_grant', 400)));
    await asking;
    return { error, sent: provider.requests.slice(before).map(({ secrets }) => secrets) };
  };
  /** A strict connection whose last refresh was sent, and nobody knows what became of it. */
  const uncertain = async (setup: OAuthSetup = {}) => {
    connection = await newOAuthConnection(replica, setup);
    const asking = refresh();
    await answer(failed('timeout'));
    await expect(asking).rejects.toMatchObject({ code: 'provider_unavailable' });
    expect(await again()).toMatchObject({ state: 'uncertain' });
  };
  /** The same, where the holder died and nobody looked since. */
  const orphaned = async () => {
    connection = await newOAuthConnection(replica, { livesMs: null });
    const asking = refresh();
    await answer(granted('access-2'));
    connection = await asking;
    await sendOneShot(replica, connection);
    await expireLease(connection.id);
  };

  const pauseAndResume = async () => {
    await admin().pause(SYSTEM, connection);
    await admin().resume(SYSTEM, connection);
  };

  /** A connection whose stored credential may be older than the provider's. */
  const quarantined = async (state: 'uncertain' | 'paused') => {
    connection = await newOAuthConnection(replica);
    await sql(`update connections set state = $2, state_reason = 'database_restored' where id = $1`, [
      connection.id,
      state,
    ]);
  };

  const changeWhilePaused = async () => {
    await admin().pause(SYSTEM, connection);
    await patch({ settings: { scope: 'read' } });
    await admin().resume(SYSTEM, connection);
  };

  describe('of an uncertain connection', () => {
    it.each([
      ['pauses and resumes it', pauseAndResume],
      ['resumes it', () => admin().resume(SYSTEM, connection)],
      ['changes its settings', () => patch({ settings: { scope: 'read' } })],
      ['changes its settings while it is paused', changeWhilePaused],
      [
        'changes its provider',
        () =>
          replica.module
            .get(ProviderService)
            .patch(SYSTEM, connection.provider, { settings: { scope: 'read' }, secrets: { client_secret: 'new' } }),
      ],
    ])('should not make it send who %s', async (_what, act) => {
      await uncertain();
      await act();
      await expect(refresh()).rejects.toMatchObject(UNCERTAIN);
      expect(await again()).toMatchObject({ state: 'uncertain', generation: 1 });
      expect(provider.requests).toHaveLength(1);
    });

    it.each([
      ['brings an access token for it', {}, () => ({ token: { accessToken: 'a', expiresAt: in10Minutes() } })],
      ['changes the secret of its client', { client_secret: 'own' }, () => ({ credential: { client_secret: 'new' } })],
    ])('should not make it send the same refresh token who %s', async (_what, credential, changes) => {
      await uncertain({ credential: { ...credential } });
      await patch(changes());
      const { error, sent } = await refreshedInVain();
      expect(sent).toEqual([]);
      expect(error).toMatchObject(UNCERTAIN);
    });

    it('should make it send at once who stores a new credential', async () => {
      await uncertain();
      await patch({ credential: { refresh_token: 'of-operator' } });
      expect(await again()).toMatchObject({ state: 'active', trouble: null, unsettled: null, generation: 2 });
      const asking = refresh();
      expect((await answer(granted('access-3')))['refresh_token']).toBe('of-operator');
      expect(await asking).toMatchObject({ generation: 3, state: 'active' });
    });

    it('should send nothing who asks for a refresh before its time', async () => {
      await uncertain();
      expect(await refreshNow()).toEqual({ outcome: 'unknown', reason: 'timeout', upstreamStatus: null });
      await timePasses(connection.id, 91);
      await expect(refreshNow()).resolves.toMatchObject({ outcome: 'unknown' });
      expect(provider.requests).toHaveLength(1);
    });

    it('should not be told that all is well where an attempt was orphaned', async () => {
      await orphaned();
      const report = await refreshNow();
      expect(provider.requests).toHaveLength(1);
      expect(report).toEqual({ outcome: 'unknown', reason: 'outcome_unknown', upstreamStatus: null });
    });

    it('should get the last try that is left, without its back-off', async () => {
      await uncertain({ livesMs: null });
      await timePasses(connection.id, 91);
      await sql(`update connections set retry_at = clock_timestamp() + interval '1 minute' where id = $1`, [
        connection.id,
      ]);
      await expect(refresh()).rejects.toMatchObject({ facts: { upstream: { reason: 'timeout' } } });
      const asking = refreshNow();
      await answer(granted('access-2'));
      expect(await asking).toEqual({ outcome: 'ok', reason: null, upstreamStatus: 200 });
    });
  });

  describe('of a connection whose refresh is under way', () => {
    it('should not lose the account who changes the secret of its client', async () => {
      connection = await newOAuthConnection(replica, { credential: { client_secret: 'own' } });
      const asking = refresh();
      const request = await provider.next();
      await patch({ credential: { client_secret: 'new' } });
      request.answer(granted('access-2', { refresh_token: 'refresh-2' }));
      await asking;
      const { sent } = await refreshedInVain();
      const second = await refreshedInVain();
      expect([...sent, ...second.sent].map(({ refresh_token }) => refresh_token)).toContain('refresh-2');
    });
  });

  describe('of a quarantined connection', () => {
    it('should not make it send who changes its settings', async () => {
      await quarantined('uncertain');
      await patch({ settings: { scope: 'read' } });
      await expect(refresh()).rejects.toMatchObject({ code: 'conflict' });
      expect(provider.requests).toEqual([]);
    });

    it.each([
      ['pauses and resumes it', 'uncertain', pauseAndResume],
      ['resumes it, where it was paused before', 'paused', () => admin().resume(SYSTEM, connection)],
      ['changes its settings while it is paused', 'paused', changeWhilePaused],
    ] as const)('should not make it send who %s', async (_what, state, act) => {
      await quarantined(state);
      await act();
      const { error, sent } = await refreshedInVain();
      expect(sent).toEqual([]);
      expect(error).toMatchObject({ code: 'conflict' });
    });

    it('should make it send who vouches for it by resuming it', async () => {
      await quarantined('uncertain');
      await admin().resume(SYSTEM, connection);
      const asking = refresh();
      expect((await answer(granted('access-2')))['refresh_token']).toBe('refresh-1');
      expect(await asking).toMatchObject({ generation: 2, state: 'active' });
    });

    it('should make it send who stores a new credential', async () => {
      await quarantined('uncertain');
      await patch({ credential: { refresh_token: 'of-operator' } });
      const asking = refresh();
      expect((await answer(granted('access-3')))['refresh_token']).toBe('of-operator');
      expect(await asking).toMatchObject({ generation: 3, state: 'active' });
    });
  });

  it('should get a refresh that skips the back-off where nothing is uncertain', async () => {
    connection = await newConnection(replica);
    await sql(
      `update connections set retry_at = clock_timestamp() + interval '1 minute', last_outcome = 'unknown' where id = $1`,
      [connection.id],
    );
    const asking = refreshNow();
    await answer(granted('access-2'));
    expect(await asking).toMatchObject({ outcome: 'ok' });
    expect(await storedAttempts(connection.id)).toEqual([expect.objectContaining({ trigger: 'admin' })]);
    expect(await storedConnection(connection.id)).toMatchObject({ generation: 2 });
  });
});

const in10Minutes = (): Date => new Date(Date.now() + 600_000);
