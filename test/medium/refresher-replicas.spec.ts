import { AuditEvents } from '@app/audit';
import { type Connection, ConnectionService } from '@app/connections';
import { DatabaseClock } from '@app/database';
import { failed, type Outcome } from '@app/providers';
import { AttemptRecorder, Refresher } from '@app/tokens';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { expireLease, newConnection, storedAttempts } from '../support/connections.js';
import { BILLING, granted, startTokenReplica, SYSTEM, type TokenReplica } from '../support/token-replica.js';

const ASKED = { trigger: 'caller', origin: BILLING } as const;
const REFUSED = failed('unauthorized', 401);

const tokenOf = ({ token }: Connection) => token?.accessToken.reveal();

describe(`${Refresher.name} on several replicas`, () => {
  let replica: TokenReplica;
  let other: TokenReplica;
  let connection: Connection;

  beforeEach(async () => {
    [replica, other] = await Promise.all([startTokenReplica(), startTokenReplica()]);
    connection = await newConnection(replica);
  });

  afterEach(async () => {
    await replica.stop();
    await other.stop();
  });

  const refreshOn = ({ module }: TokenReplica, stale = connection) => module.get(Refresher).refresh(stale, ASKED);
  const again = () => replica.find(connection.provider, connection.connection);
  const outcomes = async () => (await storedAttempts(connection.id)).map(({ outcome }) => outcome);

  it('should send once for callers of both, and give all of them what came back', async () => {
    const mine = refreshOn(replica);
    const request = await replica.provider.next();
    const asking = [mine, ...Array.from({ length: 20 }, (_, index) => refreshOn(index % 2 ? replica : other))];
    request.answer(granted('access-2'));
    expect(new Set((await Promise.all(asking)).map(tokenOf))).toEqual(new Set(['access-2']));
    expect(other.provider.requests).toEqual([]);
    expect(replica.provider.requests).toHaveLength(1);
  });

  it('should tell those who waited elsewhere what became of the attempt', async () => {
    const mine = refreshOn(replica);
    const request = await replica.provider.next();
    const theirs = refreshOn(other);
    request.answer(REFUSED);
    const refused = { code: 'reauthorization_required', facts: { upstream: { status: 401, reason: 'unauthorized' } } };
    // At once: either may be told first.
    await Promise.all([mine, theirs].map((asking) => expect(asking).rejects.toMatchObject(refused)));
    expect(other.provider.requests).toEqual([]);
  });

  /** Both have sent for the first generation: the paused holder's answer is still on its way. */
  const bothSent = async () => {
    const stale = refreshOn(replica);
    const late = await replica.provider.next();
    await expireLease(connection.id);
    const heir = refreshOn(other);
    return { stale, late, heir, early: await other.provider.next() };
  };

  describe('where a holder was paused and lost its lease', () => {
    it('should adopt its good answer while the other is still waiting', async () => {
      const { stale, late, heir, early } = await bothSent();
      late.answer(granted('access-of-stale', { refresh_token: 'refresh-2' }));
      expect(tokenOf(await stale)).toBe('access-of-stale');
      early.answer(failed('connection_reset'));
      expect(tokenOf(await heir)).toBe('access-of-stale');
      expect(await again()).toMatchObject({ generation: 2, state: 'active', consecutiveFailures: 0 });
      expect(await outcomes()).toEqual(['ok', 'unknown']);
    });

    it('should adopt its good answer after the other was refused, and need no person', async () => {
      const { stale, late, heir, early } = await bothSent();
      early.answer(REFUSED);
      await expect(heir).rejects.toMatchObject({ code: 'reauthorization_required' });
      late.answer(granted('access-of-stale'));
      expect(tokenOf(await stale)).toBe('access-of-stale');
      expect(await again()).toMatchObject({ generation: 2, state: 'active' });
      expect(await outcomes()).toEqual(['ok', 'rejected']);
    });

    it('should keep the answer of the other where that came first', async () => {
      const { stale, late, heir, early } = await bothSent();
      early.answer(granted('access-of-heir'));
      expect(tokenOf(await heir)).toBe('access-of-heir');
      late.answer(granted('access-of-stale'));
      expect(tokenOf(await stale)).toBe('access-of-heir');
      expect(await again()).toMatchObject({ generation: 2 });
      expect(replica.lines.join()).toContain('A token arrived for a generation that was replaced meanwhile');
    });

    it('should not call it a refusal when the generation is gone: its callers get the newer token', async () => {
      const { stale, late, heir, early } = await bothSent();
      early.answer(granted('access-of-heir'));
      await heir;
      late.answer(REFUSED);
      expect(tokenOf(await stale)).toBe('access-of-heir');
      expect(await again()).toMatchObject({ state: 'active', generation: 2 });
    });

    it('should not answer a report of the new generation with the end of the old flight', async () => {
      const { stale, late, heir, early } = await bothSent();
      early.answer(granted('access-of-heir'));
      const reported = refreshOn(replica, await heir);
      (await replica.provider.next()).answer(granted('access-3'));
      expect(tokenOf(await reported)).toBe('access-3');
      late.answer(REFUSED);
      expect(tokenOf(await stale)).toBe('access-3');
    });
  });

  it('should go on with the credential that an operator stored meanwhile', async () => {
    const mine = refreshOn(replica);
    const request = await replica.provider.next();
    const credential = { refresh_token: 'by-the-operator' };
    await other.module.get(ConnectionService).patch(SYSTEM, connection, { credential });
    request.answer(granted('access-2', { refresh_token: 'refresh-2' }));
    expect(await mine).toMatchObject({ generation: 2, token: null });
    const theirs = refreshOn(other, await again());
    const second = await other.provider.next();
    expect(second.secrets['refresh_token']).toBe('by-the-operator');
    second.answer(granted('access-3'));
    expect(tokenOf(await theirs)).toBe('access-3');
  });

  const answer = async (outcome: Outcome, { provider } = replica) => {
    const request = await provider.next();
    request.answer(outcome);
    return request;
  };

  const recorded = async () => {
    await replica.module.get(AttemptRecorder).settle();
    const { items } = await replica.module.get(AuditEvents).search({ connection: connection.connection, limit: 9 });
    return items
      .toReversed()
      .filter(({ action }) => action.startsWith('refresh.'))
      .map(({ outcome, reason, upstreamStatus }) => [outcome, reason, upstreamStatus]);
  };

  describe('winning a lost credential back without a person', () => {
    const keys = { access_key: 'ak', secret_key: 'sk' };

    beforeEach(async () => {
      connection = await newConnection(replica, { credential: { access_token: 'access-1', ...keys } }, 'klavi');
    });

    it('should log in at once where a refresh is refused: two attempts, both recorded', async () => {
      const asking = refreshOn(replica);
      expect((await answer(REFUSED)).step).toBe('refresh');
      const login = await answer(granted('access-2', { access_token: 'access-2' }));
      expect(login).toMatchObject({ step: 'relogin', secrets: { access_token: 'access-1', ...keys } });
      expect(tokenOf(await asking)).toBe('access-2');
      expect(await again()).toMatchObject({ generation: 2, nextStep: 'refresh', consecutiveFailures: 0 });
      expect(await recorded()).toEqual([
        ['started', 'caller_refresh', null],
        ['rejected', 'unauthorized', 401],
        ['started', 'caller_relogin', null],
        ['ok', null, 200],
      ]);
    });

    it('should log in at once also where the clock of the replica is behind', async () => {
      const clock = replica.module.get(DatabaseClock, { strict: false });
      const asking = refreshOn(replica);
      const request = await replica.provider.next();
      clock.synchronize(Date.now() - 5000, performance.now());
      request.answer(REFUSED);
      await answer(granted('access-2', { access_token: 'access-2' }));
      expect(tokenOf(await asking)).toBe('access-2');
    });

    it('should be left to a person where the log-in is refused too, whatever the refusal', async () => {
      const asking = refreshOn(replica);
      await answer(REFUSED);
      await answer(failed('invalid_client', 401));
      await expect(asking).rejects.toMatchObject({ code: 'connection_misconfigured' });
      expect(await again()).toMatchObject({ state: 'misconfigured', generation: 1 });
      expect(replica.provider.requests).toHaveLength(2);
    });

    it('should be tried again by any replica where the log-in did not get through', async () => {
      const asking = refreshOn(replica);
      await answer(REFUSED);
      await answer(failed('connect_failed'));
      await expect(asking).rejects.toMatchObject({ code: 'provider_unavailable' });
      const theirs = other.module.get(Refresher).refresh(await again(), { ...ASKED, trigger: 'admin' });
      expect((await answer(granted('access-2', { access_token: 'access-2' }), other)).step).toBe('relogin');
      expect(tokenOf(await theirs)).toBe('access-2');
    });
  });
});
