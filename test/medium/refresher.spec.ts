import { AuditEvents } from '@app/audit';
import { type Connection, ConnectionService } from '@app/connections';
import { failed, type Outcome } from '@app/providers';
import { AttemptRecorder, Refresher } from '@app/tokens';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AttemptRunner } from '../../libs/tokens/src/attempt.runner.js';
import {
  expireLease,
  newAttempt,
  newConnection,
  open,
  storedAttempts,
  storedConnection,
} from '../support/connections.js';
import { eventually } from '../support/eventually.js';
import { breakAudit, sql } from '../support/test-database.js';
import { BILLING, granted, startTokenReplica, SYSTEM, type TokenReplica } from '../support/token-replica.js';

const ASKED = { trigger: 'caller', origin: BILLING } as const;

const tokenOf = ({ token }: Connection) => token?.accessToken.reveal();

describe(Refresher.name, () => {
  let replica: TokenReplica;
  let sut: Refresher;
  let connection: Connection;

  beforeEach(async () => {
    replica = await startTokenReplica();
    sut = replica.module.get(Refresher);
    connection = await newConnection(replica);
  });

  afterEach(() => replica.stop());

  const refresh = () => sut.refresh(connection, ASKED);
  const answer = async (outcome: Outcome) => (await replica.provider.next()).answer(outcome);
  const again = () => replica.find(connection.provider, connection.connection);
  /** What the audit log says of the attempts, oldest first, once all is written. */
  const recorded = async () => {
    await replica.module.get(AttemptRecorder).settle();
    const { items } = await replica.module.get(AuditEvents).search({ connection: connection.connection, limit: 100 });
    return items.toReversed().filter(({ action }) => action.startsWith('refresh.'));
  };

  it('should send once for many who ask, and give all of them what came back', async () => {
    const asking = Array.from({ length: 50 }, refresh);
    await answer(granted('access-2'));
    const given = await Promise.all(asking);
    expect(new Set(given.map(tokenOf))).toEqual(new Set(['access-2']));
    expect(new Set(given.map(({ generation }) => generation))).toEqual(new Set([2]));
    expect(replica.provider.requests).toHaveLength(1);
  });

  it('should send nothing for a generation that is replaced already', async () => {
    const first = refresh();
    await answer(granted('access-2'));
    await first;
    expect(tokenOf(await refresh())).toBe('access-2');
    expect(replica.provider.requests).toHaveLength(1);
  });

  it('should have recorded the intent when it sends, and record the outcome', async () => {
    const asking = refresh();
    const request = await replica.provider.next();
    const started = { action: 'refresh.started', outcome: 'started', reason: 'caller_refresh', generation: 1 };
    expect(await recorded()).toEqual([
      expect.objectContaining({ ...started, requestId: 'r-1', clientIp: '192.0.2.1' }),
    ]);
    request.answer(granted('access-2'));
    await asking;
    const ended = { action: 'refresh.succeeded', outcome: 'ok', upstreamStatus: 200, durationMs: 12, ...BILLING };
    expect((await recorded())[1]).toMatchObject({ ...ended, generation: 1 });
    expect(await storedAttempts(connection.id)).toEqual([expect.objectContaining({ recorded: true })]);
  });

  it('should not send what cannot be recorded, and go on a second after it can', async () => {
    const mend = await breakAudit();
    await sql('update connections set consecutive_failures = 20');
    await expect(refresh()).rejects.toMatchObject({ code: 'audit_unavailable' });
    expect(replica.provider.requests).toEqual([]);
    const closed = { outcome: 'not_sent', reason: 'abandoned_before_send' };
    expect(await storedAttempts(connection.id)).toEqual([expect.objectContaining(closed)]);
    const { lease_holder, retry_at, state } = await storedConnection(connection.id);
    expect([lease_holder, state]).toEqual([null, 'active']);
    expect(Number(retry_at) - Date.now()).toBeLessThanOrEqual(1000);
    await mend();
    await sql('update connections set retry_at = null');
    const asking = sut.refresh(await again(), ASKED);
    await answer(granted('access-2'));
    expect(tokenOf(await asking)).toBe('access-2');
  });

  it('should not send an attempt whose turn comes too late: its lease is somebody else’s', async () => {
    const attempt = await open(replica, newAttempt(connection.id));
    await expireLease(connection.id);
    const heir = await open(replica, newAttempt(connection.id));
    const admission = { probeFirst: false, stands: () => true, end: () => undefined };
    const end = await replica.module.get(AttemptRunner).run(attempt, admission, performance.now() - 2001);
    expect(end).toMatchObject({ kind: 'failed', failure: { kind: 'not_sent', reason: 'abandoned_before_send' } });
    expect(replica.provider.requests).toEqual([]);
    expect(await storedConnection(connection.id)).toMatchObject({ fence: heir.fence, consecutive_failures: 0 });
  });

  it('should stop at a refused credential, and ask the provider no more', async () => {
    const asking = refresh();
    await answer(failed('unauthorized', 401));
    const refused = { code: 'reauthorization_required', facts: { upstream: { status: 401, reason: 'unauthorized' } } };
    await expect(asking).rejects.toMatchObject(refused);
    await expect(sut.refresh(await again(), ASKED)).rejects.toMatchObject(refused);
    await expect(sut.refresh(await again(), { ...ASKED, trigger: 'admin' })).rejects.toMatchObject(refused);
    expect(replica.provider.requests).toHaveLength(1);
    expect(await again()).toMatchObject({ state: 'reauthorization_required', generation: 1 });
  });

  it('should stay active after a failure that passes, and back off', async () => {
    const asking = refresh();
    await answer(failed('rate_limited', 429, { retryAfterSeconds: 7 }));
    const busy = { code: 'provider_unavailable', facts: { retryAfter: 7 } };
    await expect(asking).rejects.toMatchObject(busy);
    await expect(sut.refresh(await again(), ASKED)).rejects.toMatchObject(busy);
    expect(replica.provider.requests).toHaveLength(1);
    expect(await again()).toMatchObject({ state: 'active', consecutiveFailures: 1, lastOutcome: 'not_sent' });
  });

  it('should store an answer as soon as the database takes it, however long that is', async () => {
    const asking = refresh();
    await sql('alter table connections rename column token_lifetime_seconds to hidden');
    await answer(granted('access-2', { refresh_token: 'refresh-2' }));
    const failing = () => expect(replica.lines.join()).toContain('cannot be stored yet');
    await eventually(failing);
    await sql('alter table connections rename column hidden to token_lifetime_seconds');
    expect(tokenOf(await asking)).toBe('access-2');
    expect(replica.provider.requests).toHaveLength(1);
  });

  it('should complete the log where the row of an outcome was lost, with whoever asked', async () => {
    const asking = refresh();
    const request = await replica.provider.next();
    const mend = await breakAudit();
    request.answer(granted('access-2'));
    expect(tokenOf(await asking)).toBe('access-2');
    expect((await recorded()).map(({ action }) => action)).toEqual(['refresh.started']);
    await mend();
    await sql(`update attempts set closed_at = closed_at - interval '1 minute'`);
    await replica.module.get(AttemptRecorder).completeLeftBehind();
    const completed = { action: 'refresh.succeeded', outcome: 'ok', upstreamStatus: 200, ...BILLING };
    expect(await recorded()).toEqual([expect.anything(), expect.objectContaining(completed)]);
    await replica.module.get(AttemptRecorder).completeLeftBehind();
    expect(await recorded()).toHaveLength(2);
  });

  it('should say that the connection is gone where it was deleted meanwhile', async () => {
    const asking = refresh();
    const request = await replica.provider.next();
    await replica.module.get(ConnectionService).delete(SYSTEM, connection);
    request.answer(granted('access-2'));
    await expect(asking).rejects.toMatchObject({ code: 'not_found' });
  });

  it('should, while it stops, finish what is sent and begin nothing', async () => {
    const neighbour = await newConnection(replica);
    const asking = refresh();
    const request = await replica.provider.next();
    const drained = sut.drain();
    await expect(sut.refresh(neighbour, ASKED)).rejects.toMatchObject({ code: 'shutting_down' });
    request.answer(granted('access-2'));
    await drained;
    expect(tokenOf(await again())).toBe('access-2');
    expect(tokenOf(await asking)).toBe('access-2');
    expect(replica.provider.requests).toHaveLength(1);
  });
});
