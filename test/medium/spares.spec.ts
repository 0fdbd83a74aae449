import { type Connection, ConnectionService } from '@app/connections';
import { failed, type Outcome } from '@app/providers';
import { Refresher, RefreshService, Scheduler, TokenService } from '@app/tokens';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { expireLease, storedAttempts } from '../support/connections.js';
import { eventually } from '../support/eventually.js';
import { ANYBODY, newOAuthConnection, timePasses } from '../support/one-shot.js';
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
const REFUSED = failed('invalid_grant', 400);
const LATE = granted('access-late', { refresh_token: 'refresh-late' });

const tokenOf = ({ token }: Connection) => token?.accessToken.reveal();

describe('a late answer', () => {
  let replica: TokenReplica;
  let other: TokenReplica;
  let connection: Connection;

  beforeEach(async () => {
    const timing = { backoffLeastMs: 1, backoffMostMs: 1 };
    [replica, other] = await Promise.all([
      startTokenReplica(new HeldProvider(), timing),
      startTokenReplica(new HeldProvider(), timing),
    ]);
    connection = await newOAuthConnection(replica, { livesMs: null });
  });

  afterEach(async () => {
    [replica, other].forEach(({ provider }) =>
      provider.requests.forEach(({ answer }) => answer(failed('connect_failed'))),
    );
    await replica.stop();
    await other.stop();
  });

  const again = () => replica.find(connection.provider, connection.connection);
  const refresh = async ({ module } = other) => module.get(Refresher).refresh(await again(), ASKED);
  const answer = async (outcome: Outcome, { provider } = other) => {
    const request = await provider.next();
    request.answer(outcome);
    return request;
  };
  const outcomes = async () => (await storedAttempts(connection.id)).map(({ outcome }) => outcome);
  const spares = () => sql('select generation from spares where connection_id = $1', [connection.id]);
  /** A holder sends, is frozen, and its lease ends; what it does when its answer comes. */
  const frozen = async () => {
    const stale = refresh(replica);
    const late = await replica.provider.next();
    await expireLease(connection.id);
    return { stale, late };
  };
  /** So long after, the other one tries for a last time. */
  const lastTry = async (outcome: Outcome) => {
    await timePasses(connection.id, 91);
    const trying = refresh();
    return { trying, request: await answer(outcome) };
  };

  /** The answer of the heir is adopted, the late one is a spare. */
  const bothAnswered = async () => {
    const { stale, late } = await frozen();
    const { trying } = await lastTry(granted('access-of-heir', { refresh_token: 'refresh-of-heir' }));
    await trying;
    late.answer(LATE);
    await stale;
  };

  it('should be adopted from the abandoned attempt, and be the end of the recovery', async () => {
    const { stale, late } = await frozen();
    const { trying } = await lastTry(failed('timeout'));
    await expect(trying).rejects.toMatchObject({ code: 'provider_unavailable' });
    expect(await outcomes()).toEqual(['abandoned', 'unknown']);
    late.answer(LATE);
    expect(tokenOf(await stale)).toBe('access-late');
    expect(await again()).toMatchObject({ generation: 2, state: 'active', unsettled: null, consecutiveFailures: 0 });
    expect(await outcomes()).toEqual(['ok', 'unknown']);
  });

  it('should clear the uncertainty, and be there for those who wait', async () => {
    const { stale, late } = await frozen();
    await expect(refresh()).rejects.toMatchObject({ facts: { upstream: { reason: 'outcome_unknown' } } });
    expect(await again()).toMatchObject({ state: 'uncertain' });
    late.answer(LATE);
    await stale;
    expect(await again()).toMatchObject({ generation: 2, state: 'active', trouble: null });
    const request = { ...connection, minTtlSeconds: 60 };
    const issued = await other.module.get(TokenService).issue(ANYBODY, request, BILLING);
    expect(issued).toMatchObject({ accessToken: 'access-late', warnings: [] });
    expect(other.provider.requests).toEqual([]);
  });

  it('should win back a connection that was given up for a person', async () => {
    const { stale, late } = await frozen();
    const { trying } = await lastTry(REFUSED);
    await expect(trying).rejects.toMatchObject({ code: 'reauthorization_required' });
    late.answer(LATE);
    await stale;
    expect(await again()).toMatchObject({ generation: 2, state: 'active', trouble: null });
    const asking = refresh();
    const next = await answer(granted('access-3'));
    expect(next.secrets['refresh_token']).toBe('refresh-late');
    expect(await asking).toMatchObject({ generation: 3 });
  });

  it('should win it back also where an operator paused it, and leave it paused', async () => {
    const { stale, late } = await frozen();
    await replica.module.get(ConnectionService).pause(SYSTEM, connection);
    late.answer(LATE);
    await stale;
    expect(await again()).toMatchObject({ generation: 2, state: 'paused', trouble: null });
  });

  describe('that is the second of its generation', () => {
    it('should be kept as a spare, and change nothing', async () => {
      await bothAnswered();
      expect(tokenOf(await again())).toBe('access-of-heir');
      expect(await again()).toMatchObject({ generation: 2, state: 'active' });
      expect(await spares()).toEqual([{ generation: 1 }]);
      expect(await outcomes()).toEqual(['ok', 'ok']);
    });

    it('should take the place of a refused credential, and be due at once', async () => {
      await bothAnswered();
      const asking = refresh();
      expect((await answer(REFUSED)).secrets['refresh_token']).toBe('refresh-of-heir');
      expect(tokenOf(await asking)).toBe('access-late');
      expect(await again()).toMatchObject({ generation: 3, state: 'active', retryAt: null });
      expect((await again()).refreshAt).toBeLessThanOrEqual(Date.now());
      expect(await spares()).toEqual([]);
      const trying = refresh();
      expect((await answer(granted('access-4'))).secrets['refresh_token']).toBe('refresh-late');
      expect(tokenOf(await trying)).toBe('access-4');
      expect(await outcomes()).toEqual(['ok', 'ok', 'rejected', 'ok']);
    });

    it('should be tried by the scheduler within a moment where the connection is in use', async () => {
      await bothAnswered();
      const asking = refresh();
      await answer(REFUSED);
      await asking;
      await sql('update connections set last_used_at = clock_timestamp()');
      other.module.get(Scheduler).start();
      expect((await answer(granted('access-4'))).secrets['refresh_token']).toBe('refresh-late');
      await eventually(async () => expect(tokenOf(await again())).toBe('access-4'));
    });

    it('should leave it to a person where it is refused, too', async () => {
      await bothAnswered();
      const asking = refresh();
      await answer(REFUSED);
      await asking;
      const trying = refresh();
      expect((await answer(REFUSED)).secrets['refresh_token']).toBe('refresh-late');
      await expect(trying).rejects.toMatchObject({ code: 'reauthorization_required' });
      expect(await again()).toMatchObject({ generation: 3, state: 'reauthorization_required' });
      expect(other.provider.requests).toHaveLength(3);
    });

    it('should not be told to an operator as the success of the refresh that was refused', async () => {
      await bothAnswered();
      const asking = other.module.get(RefreshService).refreshNow(connection, BILLING);
      await answer(REFUSED);
      expect(await asking).toEqual({ outcome: 'rejected', reason: 'invalid_grant', upstreamStatus: 400 });
    });

    it('should not be promoted for a failure that is no refusal of the credential', async () => {
      await bothAnswered();
      const asking = refresh();
      await answer(failed('rate_limited', 429));
      await expect(asking).rejects.toMatchObject({ code: 'provider_unavailable' });
      expect(await again()).toMatchObject({ generation: 2 });
      expect(await spares()).toHaveLength(1);
    });

    it('should leave the old token where its own has died meanwhile', async () => {
      await bothAnswered();
      await sql(`update spares set token_expires_at = clock_timestamp() - interval '1 second'`);
      const asking = refresh();
      await answer(REFUSED);
      await asking;
      const trying = refresh();
      await answer(REFUSED);
      await expect(trying).rejects.toMatchObject({ code: 'reauthorization_required' });
      expect(tokenOf(await again())).toBe('access-of-heir');
    });

    it.each(['before', 'after'])(
      'should never be used once an operator stored a credential %s it came',
      async (when) => {
        const { stale, late } = await frozen();
        const { trying } = await lastTry(granted('access-of-heir', { refresh_token: 'refresh-of-heir' }));
        await trying;
        const store = () =>
          other.module
            .get(ConnectionService)
            .patch(SYSTEM, connection, { credential: { refresh_token: 'of-operator' } });
        await (when === 'before' ? store() : undefined);
        late.answer(LATE);
        await stale;
        await (when === 'after' ? store() : undefined);
        const asking = refresh();
        expect((await answer(REFUSED)).secrets['refresh_token']).toBe('of-operator');
        await expect(asking).rejects.toMatchObject({ code: 'reauthorization_required' });
        expect(await again()).toMatchObject({ generation: 3, state: 'reauthorization_required' });
        expect(other.provider.requests).toHaveLength(2);
      },
    );
  });
});
