import { AuditEvents } from '@app/audit';
import { type Connection, ConnectionService } from '@app/connections';
import { Secret } from '@app/common';
import { failed, type Outcome } from '@app/providers';
import { AttemptRecorder, Refresher, RefreshService, TokenService } from '@app/tokens';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { storedAttempts, storedConnection } from '../support/connections.js';
import { ANYBODY, newOAuthConnection, timePasses } from '../support/one-shot.js';
import {
  BILLING,
  granted,
  HeldProvider,
  startTokenReplica,
  SYSTEM,
  type TokenReplica,
} from '../support/token-replica.js';

const ASKED = { trigger: 'caller', origin: BILLING } as const;
/** A success whose access token cannot be used, with a new refresh token. */
const salvaged = (refreshToken = 'refresh-2'): Outcome => ({
  ...failed('no_token', 200),
  salvaged: { refresh_token: new Secret(refreshToken) },
});

const tokenOf = ({ token }: Connection) => token?.accessToken.reveal();

describe('a refresh token that came without a usable access token', () => {
  let replica: TokenReplica;
  let connection: Connection;

  beforeEach(async () => {
    replica = await startTokenReplica(new HeldProvider(), { backoffLeastMs: 1, backoffMostMs: 1 });
    connection = await newOAuthConnection(replica);
  });

  afterEach(async () => {
    replica.provider.requests.forEach(({ answer }) => answer(failed('connect_failed')));
    await replica.stop();
  });

  const again = () => replica.find(connection.provider, connection.connection);
  const refresh = async () => replica.module.get(Refresher).refresh(await again(), ASKED);
  const issue = (minTtlSeconds: number) =>
    replica.module.get(TokenService).issue(ANYBODY, { ...connection, minTtlSeconds }, BILLING);
  const answer = async (outcome: Outcome) => {
    const request = await replica.provider.next();
    request.answer(outcome);
    return request.secrets['refresh_token'];
  };

  it('should be the next generation, with the old token', async () => {
    const asking = refresh();
    await answer(salvaged());
    // The generation moved on, so that who asked decides by what is there now: the old token.
    expect(await asking).toMatchObject({ generation: 2 });
    const now = await again();
    expect(now).toMatchObject({ generation: 2, state: 'active', unsettled: null, trouble: null });
    expect(now).toMatchObject({ lastOutcome: 'unknown', lastTrouble: { reason: 'no_token', status: 200 } });
    expect([tokenOf(now), now.token?.issuedAt, now.token?.expiresAt]).toEqual([
      'access-1',
      connection.token?.issuedAt,
      connection.token?.expiresAt,
    ]);
    expect(await storedConnection(connection.id)).toMatchObject({ lease_holder: null, consecutive_failures: 1 });
    expect(await storedAttempts(connection.id)).toEqual([
      expect.objectContaining({ outcome: 'unknown', reason: 'no_token', upstream_status: 200 }),
    ]);
  });

  it('should be what the next refresh sends, without waiting for anything but the back-off', async () => {
    const asking = refresh();
    expect(await answer(salvaged())).toBe('refresh-1');
    await asking;
    const next = refresh();
    expect(await answer(granted('access-3'))).toBe('refresh-2');
    expect(tokenOf(await next)).toBe('access-3');
    expect(await again()).toMatchObject({ generation: 3, state: 'active', consecutiveFailures: 0, lastOutcome: 'ok' });
  });

  it('should be served around: callers get the old token, and know that its renewal fails', async () => {
    const asking = issue(3600);
    await answer(salvaged());
    const issued = [await asking, await issue(60)];
    expect(issued.map(({ accessToken, generation }) => [accessToken, generation])).toEqual([
      ['access-1', 2],
      ['access-1', 2],
    ]);
    expect(issued[1]?.warnings.map(({ code }) => code)).toEqual(['refresh_failing']);
  });

  it('should not be told to an operator as a success', async () => {
    const asking = replica.module.get(RefreshService).refreshNow(connection, BILLING);
    await answer(salvaged());
    expect(await asking).toEqual({ outcome: 'unknown', reason: 'no_token', upstreamStatus: 200 });
  });

  it('should not pretend to have brought a token where there was none before', async () => {
    connection = await newOAuthConnection(replica, { livesMs: null });
    const asking = issue(60);
    await answer(salvaged());
    await expect(asking).rejects.toMatchObject({ facts: { retryAfter: expect.any(Number) } });
    expect(await again()).toMatchObject({ generation: 2, token: null, state: 'active' });
    const next = issue(60);
    expect(await answer(granted('access-3'))).toBe('refresh-2');
    expect((await next).accessToken).toBe('access-3');
  });

  it('should be one of a chain, where it happens again', async () => {
    for (const [sent, brought] of [
      ['refresh-1', 'refresh-2'],
      ['refresh-2', 'refresh-3'],
    ] as const) {
      const asking = refresh();
      expect(await answer(salvaged(brought))).toBe(sent);
      await asking;
    }
    expect(await again()).toMatchObject({ generation: 3, consecutiveFailures: 2 });
    expect(tokenOf(await again())).toBe('access-1');
  });

  it('should settle what was uncertain before', async () => {
    connection = await newOAuthConnection(replica, { livesMs: null });
    const lost = refresh();
    await answer(failed('timeout'));
    await expect(lost).rejects.toMatchObject({ code: 'provider_unavailable' });
    await timePasses(connection.id, 91);
    const last = refresh();
    await answer(salvaged());
    expect(await last).toMatchObject({ generation: 2, state: 'active', trouble: null, unsettled: null });
  });

  it('should not be adopted over the credential that an operator stored meanwhile, nor hold its lease', async () => {
    const asking = refresh();
    const request = await replica.provider.next();
    const credential = { refresh_token: 'of-operator' };
    await replica.module.get(ConnectionService).patch(SYSTEM, connection, { credential });
    request.answer(salvaged());
    expect(await asking).toMatchObject({ generation: 2, token: null });
    expect(await storedAttempts(connection.id)).toEqual([expect.objectContaining({ closed_at: expect.any(Date) })]);
    expect(await storedConnection(connection.id)).toMatchObject({ lease_holder: null });
    const next = refresh();
    expect(await answer(granted('access-3'))).toBe('of-operator');
    expect(await next).toMatchObject({ generation: 3 });
  });

  it('should be in the audit log as what it was: an outcome that is not known', async () => {
    const asking = refresh();
    await answer(salvaged());
    await asking;
    await replica.module.get(AttemptRecorder).settle();
    const search = { connection: connection.connection, action: 'refresh.failed', limit: 9 } as const;
    const { items } = await replica.module.get(AuditEvents).search(search);
    const row = { outcome: 'unknown', reason: 'no_token', upstreamStatus: 200, generation: 1, ...BILLING };
    expect(items).toEqual([expect.objectContaining(row)]);
    expect(JSON.stringify(items)).not.toContain('refresh-2');
  });
});
