import { AuditEvents } from '@app/audit';
import { type Caller, compileRule } from '@app/callers';
import { type Connection, ConnectionService } from '@app/connections';
import { failed } from '@app/providers';
import { Refresher, type TokenRequest, TokenService } from '@app/tokens';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newConnection, storedAttempts } from '../support/connections.js';
import { breakAudit, sql } from '../support/test-database.js';
import { BILLING, granted, startTokenReplica, SYSTEM, type TokenReplica } from '../support/token-replica.js';

const newCaller = (...rules: readonly string[]): Caller => ({
  name: 'billing',
  keyId: 'billingkey01',
  roles: [],
  rules: rules.map(compileRule),
});
const billing = newCaller('berbix/*');

describe(TokenService.name, () => {
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

  const request = (more: Partial<TokenRequest> = {}): TokenRequest => ({
    provider: 'berbix',
    connection: connection.connection,
    minTtlSeconds: 60,
    ...more,
  });
  const issue = (more: Partial<TokenRequest> = {}, { module } = replica) =>
    module.get(TokenService).issue(billing, request(more), BILLING);
  /** Asks, and answers the request to the provider that it causes. */
  const issueFresh = async (accessToken: string, more: Partial<TokenRequest> = {}) => {
    const issuing = issue(more);
    (await replica.provider.next()).answer(granted(accessToken));
    return issuing;
  };
  const recorded = async (action: 'token.issued' | 'token.refused') =>
    (await replica.module.get(AuditEvents).search({ connection: connection.connection, action, limit: 9 })).items;

  it('should have recorded the token, by its fingerprint, when it gives it', async () => {
    const issued = await issueFresh('access-2');
    expect(issued).toMatchObject({ accessToken: 'access-2', generation: 2, source: 'refresh', warnings: [] });
    const { token } = await replica.find('berbix', connection.connection);
    const row = { outcome: 'ok', generation: 2, reason: 'refresh', tokenFingerprint: token?.fingerprint, ...BILLING };
    expect(await recorded('token.issued')).toEqual([expect.objectContaining(row)]);
    expect(JSON.stringify(await recorded('token.issued'))).not.toContain('access-2');
  });

  it('should give the same token from then on, and ask nobody', async () => {
    const first = await issueFresh('access-2');
    for (const { module } of [replica, other, replica]) {
      const next = await module.get(TokenService).issue(billing, request(), BILLING);
      expect(next).toMatchObject({ accessToken: 'access-2', source: 'cache', expiresAt: first.expiresAt });
    }
    expect([...replica.provider.requests, ...other.provider.requests]).toHaveLength(1);
    expect(await recorded('token.issued')).toHaveLength(4);
  });

  it.each([
    ['a connection that its rules do not cover', newCaller('berbix/other-*', 'klavi/*'), {}],
    ['a connection that is not there', billing, { connection: 'nobody' }],
    ['a provider that is not there', newCaller('*/*'), { provider: 'nowhere' }],
    ['anything without rules', newCaller(), {}],
  ])('should refuse %s, and record it', async (_what, caller, more) => {
    const asked = request(more);
    const { provider, connection: name } = asked;
    const issuing = replica.module.get(TokenService).issue(caller, asked, BILLING);
    await expect(issuing).rejects.toMatchObject({ code: 'not_found', facts: { provider, connection: name } });
    const { items } = await replica.module.get(AuditEvents).search({ provider, connection: name, limit: 1 });
    expect(items[0]).toMatchObject({ action: 'token.refused', outcome: 'refused', reason: 'not_found', ...BILLING });
    expect(replica.provider.requests).toEqual([]);
    expect(await storedAttempts(connection.id)).toEqual([]);
  });

  it('should record with a refusal what the provider answered', async () => {
    const issuing = issue();
    (await replica.provider.next()).answer(failed('unauthorized', 401));
    await expect(issuing).rejects.toMatchObject({ code: 'reauthorization_required' });
    const row = { outcome: 'refused', reason: 'reauthorization_required', upstreamStatus: 401 };
    expect(await recorded('token.refused')).toEqual([expect.objectContaining(row)]);
  });

  it('should give nothing that it cannot record, cached or not', async () => {
    await issueFresh('access-2');
    const mend = await breakAudit();
    await expect(issue()).rejects.toMatchObject({ code: 'audit_unavailable' });
    await expect(issue({ rejectedGeneration: 2 })).rejects.toMatchObject({ code: 'audit_unavailable' });
    await expect(issue({ connection: 'nobody' })).rejects.toMatchObject({ code: 'audit_unavailable' });
    await mend();
    await expect(issue()).resolves.toMatchObject({ accessToken: 'access-2' });
    expect(replica.provider.requests).toHaveLength(1);
  });

  it('should refuse while the connection is paused, although the token lives', async () => {
    await issueFresh('access-2');
    await replica.module.get(ConnectionService).pause(SYSTEM, request());
    await expect(issue()).rejects.toMatchObject({ code: 'connection_paused' });
    await expect(issue({ rejectedGeneration: 2 })).rejects.toMatchObject({ code: 'connection_paused' });
  });

  describe('where a caller reports a token as refused', () => {
    it('should renew it where it is the current one', async () => {
      await issueFresh('access-2');
      const renewed = await issueFresh('access-3', { rejectedGeneration: 2 });
      expect(renewed).toMatchObject({ accessToken: 'access-3', generation: 3, source: 'refresh' });
      expect(await storedAttempts(connection.id)).toMatchObject([{ trigger: 'caller' }, { trigger: 'report' }]);
    });

    it.each([1, 3])('should give the current one where generation %d was reported', async (rejectedGeneration) => {
      await issueFresh('access-2');
      await expect(issue({ rejectedGeneration })).resolves.toMatchObject({ accessToken: 'access-2', source: 'cache' });
      expect(replica.provider.requests).toHaveLength(1);
    });

    it('should not give an older one that this replica still holds', async () => {
      await issueFresh('access-2');
      await expect(issue({}, other)).resolves.toMatchObject({ accessToken: 'access-2' });
      await issueFresh('access-3', { rejectedGeneration: 2 });
      const issuing = issue({ rejectedGeneration: 3 }, other);
      (await other.provider.next()).answer(granted('access-4'));
      await expect(issuing).resolves.toMatchObject({ accessToken: 'access-4', generation: 4 });
    });

    it('should never give it again, also where no newer one is to be had', async () => {
      await issueFresh('access-2');
      const issuing = issue({ rejectedGeneration: 2 });
      (await replica.provider.next()).answer(failed('rate_limited', 429));
      await expect(issuing).rejects.toMatchObject({ code: 'provider_unavailable' });
      await expect(issue({ rejectedGeneration: 2 })).rejects.toMatchObject({ code: 'provider_unavailable' });
      await expect(issue()).resolves.toMatchObject({
        accessToken: 'access-2',
        warnings: [{ code: 'refresh_failing' }],
      });
      expect(replica.provider.requests).toHaveLength(2);
    });
  });

  describe('while the token lives but not as long as asked for', () => {
    beforeEach(async () => {
      await issueFresh('access-2');
      await sql(`update connections set token_issued_at = token_issued_at - interval '10 minutes',
        token_expires_at = token_expires_at - interval '10 minutes', updated_at = clock_timestamp()`);
    });

    const long = { minTtlSeconds: 1500 };

    it('should give a new one', async () => {
      const issuing = issue(long, other);
      (await other.provider.next()).answer(granted('access-3'));
      await expect(issuing).resolves.toMatchObject({ accessToken: 'access-3', source: 'refresh', warnings: [] });
    });

    it('should give the old one with warnings where its renewal fails', async () => {
      const issuing = issue(long, other);
      (await other.provider.next()).answer(failed('server_error', 500));
      const warnings = [{ code: 'min_ttl_unsatisfied' }, { code: 'refresh_failing' }];
      await expect(issuing).resolves.toMatchObject({ accessToken: 'access-2', source: 'cache', warnings });
      await expect(issue(long, other)).resolves.toMatchObject({ accessToken: 'access-2', warnings });
      expect(other.provider.requests).toHaveLength(1);
    });

    it('should give the old one while this replica stops', async () => {
      await other.module.get(Refresher).drain();
      await expect(issue(long, other)).resolves.toMatchObject({ accessToken: 'access-2' });
      await expect(issue({ rejectedGeneration: 2 }, other)).rejects.toMatchObject({ code: 'shutting_down' });
    });

    it('should give the one that another replica obtained although its own attempt failed', async () => {
      const issuing = issue({ rejectedGeneration: 2 }, other);
      const held = await other.provider.next();
      await sql(`update connections set lease_expires_at = clock_timestamp()`);
      await issueFresh('access-3', { rejectedGeneration: 2 });
      held.answer(failed('unauthorized', 401));
      await expect(issuing).resolves.toMatchObject({ accessToken: 'access-3', generation: 3 });
    });
  });
});
