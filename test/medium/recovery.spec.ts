import type { Connection } from '@app/connections';
import { failed, type Outcome } from '@app/providers';
import { AttemptRecorder, Refresher, TokenService } from '@app/tokens';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  expireLease,
  newAttempt,
  newConnection,
  open,
  storedAttempts,
  storedConnection,
} from '../support/connections.js';
import { eventually } from '../support/eventually.js';
import {
  ANYBODY,
  lastWriteOf,
  newOAuthConnection,
  type OAuthSetup,
  sendOneShot,
  timePasses,
  tokenLives,
} from '../support/one-shot.js';
import { BILLING, granted, HeldProvider, startTokenReplica, type TokenReplica } from '../support/token-replica.js';

const ASKED = { trigger: 'caller', origin: BILLING } as const;
const LOST = failed('timeout');
const NO_BACKOFF = { backoffLeastMs: 1, backoffMostMs: 1 };
const GRACE = { settings: { rotation: 'grace', grace_seconds: 600 } };
const UNCERTAIN = { code: 'provider_unavailable', facts: { upstream: { reason: 'outcome_unknown' } } };

describe('recovery', () => {
  let provider: HeldProvider;
  let replica: TokenReplica;
  let other: TokenReplica;
  let connection: Connection;

  beforeEach(async () => {
    provider = new HeldProvider();
    replica = await startTokenReplica(provider, NO_BACKOFF);
    other = await startTokenReplica(provider, NO_BACKOFF);
  });

  afterEach(async () => {
    provider.requests.forEach(({ answer }) => answer(failed('connect_failed')));
    await replica.stop();
    await other.stop();
  });

  const begin = async (setup: OAuthSetup = {}) => void (connection = await newOAuthConnection(replica, setup));
  const again = () => replica.find(connection.provider, connection.connection);
  const refresh = async ({ module } = other) => module.get(Refresher).refresh(await again(), ASKED);
  const answer = async (outcome: Outcome) => (await provider.next()).answer(outcome);
  const refreshed = async (outcome: Outcome) => {
    const asking = refresh();
    await answer(outcome);
    return asking;
  };
  const outcomes = async () => (await storedAttempts(connection.id)).map(({ outcome }) => outcome);
  const issue = (minTtlSeconds: number, { module } = replica) =>
    module.get(TokenService).issue(ANYBODY, { ...connection, minTtlSeconds }, BILLING);
  /** Seconds until the connection is due. */
  const dueIn = async () => (Number((await storedConnection(connection.id)).refresh_at) - Date.now()) / 1000;

  describe('of an attempt whose holder died', () => {
    it('should repeat at once what was written down and never marked as sent', async () => {
      await begin();
      await open(replica, newAttempt(connection.id, { oneShot: true, irretrievable: true }));
      await expireLease(connection.id);
      expect(await refreshed(granted('access-2'))).toMatchObject({ generation: 2, state: 'active' });
      expect(await outcomes()).toEqual(['abandoned', 'ok']);
    });

    it('should send nothing after what was marked as sent, before a first copy of it can have arrived', async () => {
      await begin();
      await sendOneShot(replica, connection);
      await expireLease(connection.id);
      await expect(refresh()).rejects.toMatchObject(UNCERTAIN);
      expect(await again()).toMatchObject({ state: 'uncertain', trouble: { reason: 'outcome_unknown' } });
      expect(await dueIn()).toBeGreaterThan(80);
      expect(await dueIn()).toBeLessThanOrEqual(90);
      expect(provider.requests).toEqual([]);
    });

    it('should wait for its answer while it is under way, and get it', async () => {
      await begin();
      const mine = refresh(replica);
      const request = await provider.next();
      const theirs = other.module.get(Refresher).refresh(await again(), ASKED);
      request.answer(granted('access-2'));
      expect((await Promise.all([mine, theirs])).map(({ generation }) => generation)).toEqual([2, 2]);
      expect(provider.requests).toHaveLength(1);
    });

    it('should try a last time when the old token is worth next to nothing, and not before', async () => {
      await begin();
      await sendOneShot(replica, connection);
      await timePasses(connection.id, 91);
      await expect(refresh()).rejects.toMatchObject(UNCERTAIN);
      expect(await dueIn()).toBeGreaterThan(530);
      expect(await dueIn()).toBeLessThanOrEqual(540);
      await tokenLives(connection.id, 59);
      expect(await refreshed(granted('access-2'))).toMatchObject({ generation: 2, state: 'active', trouble: null });
      expect(await outcomes()).toEqual(['abandoned', 'ok']);
    });

    it('should try a last time as soon as no copy can be on its way, where there is no token to serve', async () => {
      await begin({ livesMs: null });
      await sendOneShot(replica, connection);
      await timePasses(connection.id, 89);
      await expect(refresh()).rejects.toMatchObject(UNCERTAIN);
      await timePasses(connection.id, 2);
      expect(await refreshed(granted('access-2'))).toMatchObject({ generation: 2 });
    });

    it('should wait anew after a last try of which nobody knows either', async () => {
      await begin({ livesMs: null });
      await sendOneShot(replica, connection);
      await timePasses(connection.id, 91);
      await expect(refreshed(LOST)).rejects.toMatchObject({ code: 'provider_unavailable' });
      await expect(refresh()).rejects.toMatchObject(UNCERTAIN);
      expect(provider.requests).toHaveLength(1);
      expect(await outcomes()).toEqual(['abandoned', 'unknown']);
    });
  });

  describe('of an outcome that is not known', () => {
    it('should serve the old token meanwhile, and say so', async () => {
      await begin();
      const asking = issue(3600);
      await answer(LOST);
      const issued = [await asking];
      expect(await again()).toMatchObject({ state: 'uncertain', trouble: { reason: 'timeout' } });
      issued.push(await issue(3600), await issue(60), await issue(3600, other));
      expect(issued.map(({ accessToken }) => accessToken)).toEqual(Array.from({ length: 4 }, () => 'access-1'));
      issued.forEach(({ warnings }) =>
        expect(warnings.map(({ code }) => code)).toEqual(
          expect.arrayContaining(['outcome_unknown', 'refresh_failing']),
        ),
      );
      expect(provider.requests).toHaveLength(1);
    });

    it('should tell a caller without a live token when to ask again', async () => {
      await begin({ livesMs: null });
      const asking = issue(60);
      await answer(LOST);
      await expect(asking).rejects.toMatchObject({ code: 'provider_unavailable', facts: { retryAfter: 1 } });
      const refused: unknown = await issue(60).catch((error: unknown) => error);
      expect(refused).toMatchObject(UNCERTAIN);
      const { retryAfter } = (refused as { readonly facts: { readonly retryAfter: number } }).facts;
      expect(retryAfter).toBeGreaterThan(85);
      expect(retryAfter).toBeLessThanOrEqual(90);
      expect(provider.requests).toHaveLength(1);
    });

    it('should be planned once, and not be written anew by everyone who asks', async () => {
      await begin();
      await expect(refreshed(LOST)).rejects.toMatchObject({ code: 'provider_unavailable' });
      const failedWrite = await lastWriteOf(connection.id);
      await expect(refresh()).rejects.toMatchObject(UNCERTAIN);
      const planned = await lastWriteOf(connection.id);
      expect(planned).not.toBe(failedWrite);
      for (const asked of [replica, other, replica, other]) {
        await expect(refresh(asked)).rejects.toMatchObject(UNCERTAIN);
        await issue(3600, asked);
      }
      expect(await lastWriteOf(connection.id)).toBe(planned);
    });

    it('should be repeated at once within four fifths of the grace, and cleared by the answer', async () => {
      await begin(GRACE);
      await expect(refreshed(LOST)).rejects.toMatchObject({ code: 'provider_unavailable' });
      expect(await again()).toMatchObject({ state: 'uncertain' });
      await timePasses(connection.id, 470);
      expect(await refreshed(granted('access-2'))).toMatchObject({ generation: 2, state: 'active', trouble: null });
      expect(await outcomes()).toEqual(['unknown', 'ok']);
    });

    it('should count the grace from the first send, however often it was repeated', async () => {
      await begin(GRACE);
      await expect(refreshed(LOST)).rejects.toMatchObject({ code: 'provider_unavailable' });
      await timePasses(connection.id, 400);
      await expect(refreshed(LOST)).rejects.toMatchObject({ code: 'provider_unavailable' });
      await timePasses(connection.id, 81);
      await expect(refresh()).rejects.toMatchObject(UNCERTAIN);
      expect(provider.requests).toHaveLength(2);
    });

    it('should be no uncertainty where a repeat is safe: it stays active, and is repeated', async () => {
      connection = await newConnection(replica);
      await expect(refreshed(LOST)).rejects.toMatchObject({ code: 'provider_unavailable' });
      expect(await again()).toMatchObject({ state: 'active', trouble: null, lastOutcome: 'unknown' });
      expect(await refreshed(granted('access-2'))).toMatchObject({ generation: 2, state: 'active' });
    });

    it('should not be forgotten with the attempts of a month ago', async () => {
      await begin({ settings: { introspection_url: 'https://as.example/introspect' } });
      await expect(refreshed(LOST)).rejects.toMatchObject({ code: 'provider_unavailable' });
      await replica.module.get(AttemptRecorder).settle();
      await other.module.get(AttemptRecorder).settle();
      await timePasses(connection.id, 31 * 86_400);
      await tokenLives(connection.id, 86_400);
      for (const asked of [1, 2]) {
        const asking = refresh().catch(() => undefined);
        await eventually(() => expect(provider.questions.length + provider.requests.length).toBe(asked + 1));
        [...provider.questions, ...provider.requests].forEach((held) => held.answer(failed('server_error', 500)));
        await asking;
      }
      expect(provider.requests).toHaveLength(1);
    });

    it('should be tried again where the last try was proved unprocessed', async () => {
      await begin({ livesMs: null });
      await sendOneShot(replica, connection);
      await timePasses(connection.id, 91);
      await expect(refreshed(failed('rate_limited', 429))).rejects.toMatchObject({ code: 'provider_unavailable' });
      expect(await again()).toMatchObject({ state: 'active', lastTrouble: { reason: 'rate_limited' } });
      expect(await refreshed(granted('access-2'))).toMatchObject({ generation: 2 });
    });
  });
});
