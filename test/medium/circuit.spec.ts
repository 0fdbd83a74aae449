import type { Timing } from '@app/config';
import type { Connection } from '@app/connections';
import { failed, type Outcome } from '@app/providers';
import { Refresher, RefreshService, Scheduler, TokenService } from '@app/tokens';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ProviderHealth } from '../../libs/tokens/src/health/provider.health.js';
import { storedAttempts, storedConnection } from '../support/connections.js';
import { eventually } from '../support/eventually.js';
import { ANYBODY, lastWriteOf, newOAuthConnection, newOAuthProvider } from '../support/one-shot.js';
import { sql } from '../support/test-database.js';
import { BILLING, granted, HeldProvider, startTokenReplica, type TokenReplica } from '../support/token-replica.js';

const ASKED = { trigger: 'caller', origin: BILLING } as const;
const DOWN = failed('connect_failed');
const OPEN_MS = 400;
const OPEN = { code: 'provider_unavailable', facts: { upstream: { status: null, reason: 'circuit_open' } } };

describe('the circuit of a provider', () => {
  let provider: HeldProvider;
  let replica: TokenReplica;
  let name: string;

  const start = async (settings: object, circuitOpenMs = OPEN_MS, timing: Partial<Timing> = {}) => {
    replica = await startTokenReplica(provider, {
      backoffLeastMs: 1,
      backoffMostMs: 1,
      lookEveryMs: 50,
      circuitOpenMs,
      ...timing,
    });
    name = await newOAuthProvider(replica, { ...settings });
  };

  beforeEach(async () => {
    await sql('delete from connections');
    provider = new HeldProvider();
  });

  afterEach(async () => {
    await replica.module.get(Scheduler).stop();
    provider.requests.forEach(({ answer }) => answer(DOWN));
    await replica.stop();
  });

  const newOne = (livesMs: number | null = null, credential = {}) =>
    newOAuthConnection(replica, { provider: name, livesMs, credential });
  const refresh = async ({ provider: of, connection }: Connection, { module } = replica) =>
    module.get(Refresher).refresh(await replica.find(of, connection), ASKED);
  const answer = async (outcome: Outcome) => (await provider.next()).answer(outcome);
  /** So many refreshes, one after the other, none of which gets through. */
  const failTimes = async (times: number, outcome = DOWN) => {
    const connection = await newOne();
    provider.unreachable = outcome;
    for (let index = 0; index < times; index += 1) {
      await expect(refresh(connection)).rejects.toMatchObject({ facts: { upstream: { reason: outcome.reason } } });
    }
    provider.unreachable = undefined;
    return connection;
  };
  const halfOpen = () =>
    eventually(() => expect(replica.module.get(ProviderHealth).slots(name, 8)).toBe(1), 3 * OPEN_MS);
  /** Milliseconds that the old token would still have lived when the new one was stored. */
  const leftWhenRenewed = async ({ id, token }: Connection) => {
    await answer(granted('access-2'));
    await eventually(async () => expect(await storedConnection(id)).toMatchObject({ generation: 2 }));
    return (token?.expiresAt ?? 0) - Date.now();
  };

  it('should open at the fifth failure in a row, and write down no attempt from then on', async () => {
    await start({}, 30_000);
    const connection = await failTimes(5);
    const written = await lastWriteOf(connection.id);
    await expect(refresh(connection)).rejects.toMatchObject(OPEN);
    await expect(refresh(connection)).rejects.toMatchObject({ facts: { retryAfter: 30 } });
    await expect(refresh(await newOne())).rejects.toMatchObject(OPEN);
    expect(await lastWriteOf(connection.id)).toBe(written);
    expect(await storedAttempts(connection.id)).toHaveLength(5);
    expect(provider.requests).toEqual([]);
  });

  it('should open for that provider only, and on that replica only', async () => {
    await start({});
    const connection = await failTimes(5);
    const elsewhere = await newOAuthConnection(replica);
    const asking = refresh(elsewhere);
    await answer(granted('access-2'));
    expect(await asking).toMatchObject({ generation: 2 });
    const other = await startTokenReplica(provider);
    const theirs = refresh(connection, other);
    await answer(granted('access-2'));
    expect(await theirs).toMatchObject({ generation: 2 });
    await other.stop();
  });

  it('should stay closed where one of five got through', async () => {
    await start({});
    await failTimes(4);
    const asking = refresh(await newOne());
    await answer(granted('access-2'));
    await asking;
    await failTimes(4);
    expect(replica.module.get(ProviderHealth).slots(name, 8)).toBe(8);
  });

  it.each([failed('rate_limited', 429), failed('invalid_grant', 400), failed('forbidden', 403)])(
    'should stay closed where a healthy provider refuses ($reason)',
    async (refusal) => {
      await start({});
      for (let index = 0; index < 6; index += 1) {
        const asking = refresh(await newOne());
        await answer(refusal);
        await expect(asking).rejects.toMatchObject({ facts: { upstream: { reason: refusal.reason } } });
      }
      expect(replica.module.get(ProviderHealth).slots(name, 8)).toBe(8);
    },
  );

  it('should leave live tokens to be served while it is open', async () => {
    await start({}, 30_000);
    await failTimes(5);
    const { module } = replica;
    const request = { ...(await newOne(600_000)), minTtlSeconds: 3600 };
    const issued = await module.get(TokenService).issue(ANYBODY, request, BILLING);
    expect(issued.accessToken).toBe('access-1');
    const dead = { ...(await newOne()), minTtlSeconds: 60 };
    await expect(module.get(TokenService).issue(ANYBODY, dead, BILLING)).rejects.toMatchObject(OPEN);
  });

  it('should have the scheduler send nothing while it is open, and go on elsewhere', async () => {
    await start({}, 30_000);
    const failing = await failTimes(5);
    await sql('update connections set refresh_at = clock_timestamp(), retry_at = null');
    const due = await newOne();
    const elsewhere = await newOAuthConnection(replica, { livesMs: null });
    replica.module.get(Scheduler).start();
    await answer(granted('access-2'));
    await eventually(async () => expect(await storedConnection(elsewhere.id)).toMatchObject({ generation: 2 }));
    expect(provider.requests).toHaveLength(1);
    expect(await storedAttempts(failing.id)).toHaveLength(5);
    expect(await storedAttempts(due.id)).toEqual([]);
  });

  describe('half open', () => {
    it('should let one repeatable refresh tell, and nobody else meanwhile', async () => {
      await start({ rotation: 'static' });
      await failTimes(5);
      await halfOpen();
      const probing = refresh(await newOne());
      const probe = await provider.next();
      await expect(refresh(await newOne())).rejects.toMatchObject(OPEN);
      probe.answer(granted('access-2'));
      await probing;
      expect(provider.probes).toBe(0);
      expect(replica.module.get(ProviderHealth).slots(name, 8)).toBe(8);
    });

    it('should have the scheduler send one, and the others once that is good', async () => {
      await start({ rotation: 'static' });
      await failTimes(5);
      await sql('delete from connections');
      const due = [await newOne(), await newOne(), await newOne()];
      await halfOpen();
      replica.module.get(Scheduler).start();
      const probe = await provider.next();
      const elsewhere = await newOAuthConnection(replica, { livesMs: null });
      await answer(granted('access-2'));
      await eventually(async () => expect(await storedConnection(elsewhere.id)).toMatchObject({ generation: 2 }));
      expect(provider.requests).toHaveLength(2);
      probe.answer(granted('access-2'));
      await answer(granted('access-2'));
      await answer(granted('access-2'));
      for (const { id } of due) {
        await eventually(async () => expect(await storedConnection(id)).toMatchObject({ generation: 2 }));
      }
    });

    it.each(['strict', 'grace'])('should try a bare connection before anything %s is sent', async (rotation) => {
      await start({ rotation, grace_seconds: 60 });
      await failTimes(5);
      await halfOpen();
      const asking = refresh(await newOne());
      await answer(granted('access-2'));
      expect(await asking).toMatchObject({ generation: 2 });
      expect(provider.probes).toBe(1);
      const next = refresh(await newOne());
      await answer(granted('access-2'));
      await next;
      expect(provider.probes).toBe(1);
    });

    it('should not send what can be used only once where that connection fails, and stay open for longer', async () => {
      await start({});
      await failTimes(5);
      await halfOpen();
      const connection = await newOne();
      provider.unreachable = failed('tls_failure');
      await expect(refresh(connection)).rejects.toMatchObject({ facts: { upstream: { reason: 'tls_failure' } } });
      expect([provider.probes, provider.requests]).toEqual([1, []]);
      const closed = { outcome: 'not_sent', reason: 'tls_failure', sent_at: null };
      expect(await storedAttempts(connection.id)).toEqual([expect.objectContaining(closed)]);
      await expect(refresh(connection)).rejects.toMatchObject(OPEN);
      const left = replica.module.get(ProviderHealth).admit(connection, true, false);
      expect(left).toEqual({ retryInMs: 1000 });
      expect(await replica.find(name, connection.connection)).toMatchObject({ state: 'active', unsettled: null });
    });
  });

  describe('of tokens that renew themselves while they live', () => {
    const LAPSES_MS = 8000;
    const rolling = { rolling: true, rotation: 'static' };
    /** Due, with a token that lives for a few seconds, at a provider that is down until the circuit has opened. */
    const lapsing = async (retryAfter: object = {}) => {
      const due = await newOne(LAPSES_MS, { access_token: 'access-1' });
      await sql('update connections set refresh_at = clock_timestamp() where id = $1', [due.id]);
      provider.unreachable = failed('unprocessed', 503, retryAfter);
      return due;
    };
    it('should be renewed in time, however long the circuit stays open elsewhere', async () => {
      await start(rolling, 300_000, { circuitRollingMs: 300, backoffLeastMs: 300, backoffMostMs: 300 });
      const due = await lapsing();
      replica.module.get(Scheduler).start();
      await eventually(() => expect(replica.module.get(ProviderHealth).slots(name, 8)).toBe(0));
      provider.unreachable = undefined;
      expect(await leftWhenRenewed(due)).toBeGreaterThan(0);
    });

    it('should be renewed in time, however long the provider asked to be left alone', async () => {
      await start(rolling);
      const due = await lapsing({ retryAfterSeconds: 3600 });
      await expect(refresh(due)).rejects.toMatchObject({ facts: { upstream: { reason: 'unprocessed' } } });
      provider.unreachable = undefined;
      replica.module.get(Scheduler).start();
      expect(await leftWhenRenewed(due)).toBeGreaterThan(0);
    });
  });

  it('should let an operator try at any time, behind a bare connection where it must be', async () => {
    await start({}, 30_000);
    await failTimes(5);
    const connection = await newOne();
    const asking = replica.module.get(RefreshService).refreshNow(connection, BILLING);
    await answer(granted('access-2'));
    expect(await asking).toMatchObject({ outcome: 'ok' });
    expect(provider.probes).toBe(1);
    expect(replica.module.get(ProviderHealth).slots(name, 8)).toBe(8);
  });
});

describe('the retry budget of a provider', () => {
  it('should bound retries, and hold up neither first attempts nor operators', async () => {
    const replica = await startTokenReplica(new HeldProvider(), { backoffLeastMs: 1, backoffMostMs: 1 });
    const { module, provider } = replica;
    const failing = await newOAuthConnection(replica, { livesMs: null });
    const fresh = await newOAuthConnection(replica, { provider: failing.provider, livesMs: null });
    provider.unreachable = failed('rate_limited', 429);
    const again = async () => replica.find(failing.provider, failing.connection);
    const refresh = async () => module.get(Refresher).refresh(await again(), ASKED);
    await expect(refresh()).rejects.toMatchObject({ facts: { upstream: { reason: 'rate_limited' } } });
    const health = module.get(ProviderHealth);
    for (let spent = 0; health.affords(failing.provider, true); spent += 1) {
      expect(spent).toBeLessThan(200);
    }
    const spent = { code: 'provider_unavailable', facts: { retryAfter: 2, upstream: { reason: 'retry_budget' } } };
    await expect(refresh()).rejects.toMatchObject(spent);
    expect(await storedAttempts(failing.id)).toHaveLength(1);
    provider.unreachable = undefined;
    const first = module.get(Refresher).refresh(fresh, ASKED);
    (await provider.next()).answer(granted('access-2'));
    expect(await first).toMatchObject({ generation: 2 });
    const operators = module.get(RefreshService).refreshNow(failing, BILLING);
    (await provider.next()).answer(granted('access-2'));
    expect(await operators).toMatchObject({ outcome: 'ok' });
    await replica.stop();
  });
});
