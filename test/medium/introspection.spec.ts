import { AuditEvents } from '@app/audit';
import { type Connection, ConnectionService } from '@app/connections';
import { failed, type IntrospectionOutcome } from '@app/providers';
import { AttemptRecorder, Refresher, TokenService } from '@app/tokens';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { expireLease, storedAttempts, storedConnection } from '../support/connections.js';
import { eventually } from '../support/eventually.js';
import {
  ANYBODY,
  newOAuthConnection,
  type OAuthSetup,
  sendOneShot,
  timePasses,
  tokenLives,
} from '../support/one-shot.js';
import {
  BILLING,
  granted,
  HeldProvider,
  startTokenReplica,
  SYSTEM,
  type TokenReplica,
} from '../support/token-replica.js';

const ASKED = { trigger: 'caller', origin: BILLING } as const;
const ASKABLE = { introspection_url: 'https://as.example/introspect' };
const UNUSED: IntrospectionOutcome = { kind: 'ok', status: 200, verdict: 'unused' };
const USED: IntrospectionOutcome = { kind: 'ok', status: 200, verdict: 'used' };
const UNCERTAIN = { facts: { upstream: { reason: 'outcome_unknown' } } };

describe('introspection', () => {
  let provider: HeldProvider;
  let replica: TokenReplica;
  let connection: Connection;

  beforeEach(async () => {
    provider = new HeldProvider();
    replica = await startTokenReplica(provider, { backoffLeastMs: 1, backoffMostMs: 1 });
  });

  afterEach(async () => {
    provider.requests.forEach(({ answer }) => answer(failed('connect_failed')));
    provider.questions.forEach(({ answer }) => answer(failed('connect_failed')));
    await replica.stop();
  });

  const again = () => replica.find(connection.provider, connection.connection);
  const refresh = async () => replica.module.get(Refresher).refresh(await again(), ASKED);
  /** A refresh was sent `seconds` ago, and its holder is dead. */
  const sentAgo = async (seconds: number, setup: OAuthSetup = {}) => {
    connection = await newOAuthConnection(replica, { ...setup, settings: { ...ASKABLE, ...setup.settings } });
    const attempt = await sendOneShot(replica, connection);
    await timePasses(connection.id, seconds);
    await expireLease(connection.id);
    return attempt;
  };
  const reply = async (outcome: IntrospectionOutcome) => {
    const question = await provider.nextQuestion();
    question.answer(outcome);
    return question;
  };
  const attempts = async () =>
    (await storedAttempts(connection.id)).map((row) => {
      const { step, outcome, reason } = row as unknown as Record<string, unknown>;
      return [step, outcome, reason];
    });
  /** Asks once in vain. */
  const askInVain = async (outcome: IntrospectionOutcome = failed('server_error', 500)) => {
    const asking = refresh();
    await reply(outcome);
    await expect(asking).rejects.toMatchObject({ code: expect.stringMatching(/^provider_|^connection_/) });
  };

  it('should ask nothing while a first copy of the request may be on its way', async () => {
    await sentAgo(80);
    await expect(refresh()).rejects.toMatchObject(UNCERTAIN);
    expect([provider.questions, provider.requests]).toEqual([[], []]);
  });

  it('should be followed at once by the refresh where the credential is unused', async () => {
    await sentAgo(91);
    const asking = refresh();
    expect((await reply(UNUSED)).secrets).toMatchObject({ refresh_token: 'refresh-1', client_secret: 'client-secret' });
    (await provider.next()).answer(granted('access-2', { refresh_token: 'refresh-2' }));
    expect(await asking).toMatchObject({ generation: 2, state: 'active' });
    expect(await attempts()).toEqual([
      ['refresh', 'abandoned', null],
      ['introspect', 'ok', 'unused'],
      ['refresh', 'ok', null],
    ]);
  });

  it('should be asked anew after another refresh whose outcome is not known', async () => {
    await sentAgo(91);
    const asking = refresh();
    await reply(UNUSED);
    (await provider.next()).answer(failed('timeout'));
    await expect(asking).rejects.toMatchObject({ code: 'provider_unavailable' });
    await expect(refresh()).rejects.toMatchObject(UNCERTAIN);
    await timePasses(connection.id, 91);
    const later = refresh();
    await reply(UNUSED);
    (await provider.next()).answer(granted('access-2'));
    expect(await later).toMatchObject({ generation: 2 });
  });

  it('should be believed while the refresh that it allowed does not get through', async () => {
    await sentAgo(91);
    const asking = refresh();
    await reply(UNUSED);
    (await provider.next()).answer(failed('rate_limited', 429));
    await expect(asking).rejects.toMatchObject({ code: 'provider_unavailable' });
    const later = refresh();
    (await provider.next()).answer(granted('access-2'));
    expect(await later).toMatchObject({ generation: 2 });
    expect(provider.questions).toHaveLength(1);
  });

  it('should end in a person’s hands where the credential is used, serving what still lives', async () => {
    await sentAgo(91);
    const asking = refresh();
    await reply(USED);
    await expect(asking).rejects.toMatchObject({ code: 'reauthorization_required' });
    const trouble = { reason: 'credential_used', status: 200 };
    expect(await again()).toMatchObject({ state: 'reauthorization_required', trouble, generation: 1 });
    const request = { ...connection, minTtlSeconds: 60 };
    const issued = await replica.module.get(TokenService).issue(ANYBODY, request, BILLING);
    expect(issued.accessToken).toBe('access-1');
    await expect(refresh()).rejects.toMatchObject({ code: 'reauthorization_required' });
    expect(provider.requests).toEqual([]);
    expect(provider.questions).toHaveLength(1);
  });

  it('should not outweigh the answer itself, where that comes all the same', async () => {
    connection = await newOAuthConnection(replica, { settings: ASKABLE });
    const stale = refresh();
    const late = await provider.next();
    await timePasses(connection.id, 91);
    const other = await startTokenReplica(provider);
    const asking = other.module.get(Refresher).refresh(await again(), ASKED);
    await reply(USED);
    await expect(asking).rejects.toMatchObject({ code: 'reauthorization_required' });
    late.answer(granted('access-late', { refresh_token: 'refresh-2' }));
    await stale;
    const now = await again();
    expect(now).toMatchObject({ state: 'active', trouble: null, generation: 2 });
    expect(now.token?.accessToken.reveal()).toBe('access-late');
    await other.stop();
  });

  it('should say nothing of the credential where the question fails: it is asked again after a back-off', async () => {
    await sentAgo(91);
    await askInVain();
    const { state, retry_at, consecutive_failures } = await storedConnection(connection.id);
    expect([state, consecutive_failures]).toEqual(['active', 1]);
    expect(retry_at).not.toBeNull();
    await askInVain(failed('not_found', 404));
    expect(await again()).toMatchObject({ state: expect.stringMatching(/^active$|^uncertain$/), generation: 1 });
    expect(provider.requests).toEqual([]);
  });

  it('should be done without where it was asked in vain and the old token is worth next to nothing', async () => {
    await sentAgo(91);
    await askInVain();
    await tokenLives(connection.id, 30);
    const last = refresh();
    (await provider.next()).answer(granted('access-2'));
    expect(await last).toMatchObject({ generation: 2 });
    expect(provider.questions).toHaveLength(1);
  });

  it('should be done without, then, also where the question could not even be sent', async () => {
    await sentAgo(91);
    provider.unaskable = failed('dns_failure');
    await expect(refresh()).rejects.toMatchObject({ code: 'provider_unavailable' });
    await tokenLives(connection.id, 30);
    const last = refresh().catch(() => undefined);
    await eventually(() => expect(provider.requests).toHaveLength(1), 1000);
    (await provider.next()).answer(granted('access-2'));
    expect(await last).toMatchObject({ generation: 2 });
  });

  it('should not be asked within the grace, where a repeat is safe', async () => {
    await sentAgo(91, { settings: { rotation: 'grace', grace_seconds: 600 } });
    const asking = refresh();
    (await provider.next()).answer(granted('access-2'));
    expect(await asking).toMatchObject({ generation: 2 });
    expect(provider.questions).toEqual([]);
  });

  it('should be in the audit log as attempts of its own', async () => {
    await sentAgo(91);
    await askInVain();
    const asking = refresh();
    await reply(UNUSED);
    (await provider.next()).answer(granted('access-2'));
    await asking;
    await replica.module.get(AttemptRecorder).settle();
    const { items } = await replica.module.get(AuditEvents).search({ connection: connection.connection, limit: 20 });
    const rows = items.toReversed().filter(({ action }) => action.startsWith('refresh.'));
    expect(
      rows.map(({ action, outcome, reason, upstreamStatus }) => [action, outcome, reason, upstreamStatus]),
    ).toEqual([
      ['refresh.started', 'started', 'caller_introspect', null],
      ['refresh.failed', 'unknown', 'server_error', 500],
      ['refresh.started', 'started', 'caller_introspect', null],
      ['refresh.succeeded', 'ok', 'unused', 200],
      ['refresh.started', 'started', 'caller_refresh', null],
      ['refresh.succeeded', 'ok', null, 200],
    ]);
    expect(rows.every(({ actor, requestId }) => actor.type === 'caller' && requestId === 'r-1')).toBe(true);
  });

  it('should have the verdict that the credential is used in the audit log', async () => {
    await sentAgo(91);
    const asking = refresh();
    await reply(USED);
    await expect(asking).rejects.toMatchObject({ code: 'reauthorization_required' });
    await replica.module.get(AttemptRecorder).settle();
    const search = { connection: connection.connection, action: 'refresh.failed', limit: 9 } as const;
    const { items } = await replica.module.get(AuditEvents).search(search);
    expect(items).toEqual([expect.objectContaining({ outcome: 'rejected', reason: 'credential_used' })]);
  });

  it('should still hold for an operator who resumes: what is known to be used is not sent', async () => {
    await sentAgo(91);
    const asking = refresh();
    await reply(USED);
    await expect(asking).rejects.toMatchObject({ code: 'reauthorization_required' });
    await replica.module.get(ConnectionService).resume(SYSTEM, connection);
    const resumed = refresh();
    await reply(USED);
    await expect(resumed).rejects.toMatchObject({ code: 'reauthorization_required' });
    expect(provider.requests).toEqual([]);
  });
});
