import { AdoptionsRepository, type Connection, ConnectionService } from '@app/connections';
import { failed } from '@app/providers';
import { Refresher } from '@app/tokens';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  expireLease,
  newAttempt,
  newConnection,
  open,
  storedAttempts,
  storedConnection,
} from '../support/connections.js';
import { newOAuthConnection } from '../support/one-shot.js';
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
const NOT_SENT = { outcome: 'not_sent', reason: 'abandoned_before_send', sent_at: null };

describe('the mark before the first byte', () => {
  let replica: TokenReplica;
  let heir: TokenReplica;
  let connection: Connection;

  beforeEach(async () => {
    const timing = { backoffLeastMs: 1, backoffMostMs: 1 };
    [replica, heir] = await Promise.all([startTokenReplica(new HeldProvider(), timing), startTokenReplica()]);
    connection = await newOAuthConnection(replica);
  });

  afterEach(async () => {
    [replica, heir].forEach(({ provider }) =>
      provider.requests.forEach(({ answer }) => answer(failed('connect_failed'))),
    );
    await replica.stop();
    await heir.stop();
  });

  const again = () => replica.find(connection.provider, connection.connection);
  const refresh = async ({ module } = replica) => module.get(Refresher).refresh(await again(), ASKED);
  const attempts = () => storedAttempts(connection.id);
  /** What passes after the lease was taken, while the connection to the provider is opened. */
  const whileConnecting = (work: () => Promise<unknown>) => {
    replica.provider.connecting = async () => {
      replica.provider.connecting = () => Promise.resolve();
      await work();
    };
  };

  it.each(['strict', 'grace'])('should be committed when the request is sent (%s)', async (rotation) => {
    connection = await newOAuthConnection(replica, { settings: { rotation, grace_seconds: 60 } });
    const asking = refresh();
    const request = await replica.provider.next();
    expect(await attempts()).toEqual([expect.objectContaining({ sent_at: expect.any(Date), closed_at: null })]);
    request.answer(granted('access-2'));
    await asking;
  });

  it('should not be there before the connection to the provider stands', async () => {
    let seen: unknown;
    whileConnecting(async () => void (seen = await attempts()));
    const asking = refresh();
    (await replica.provider.next()).answer(granted('access-2'));
    await asking;
    expect(seen).toEqual([expect.objectContaining({ sent_at: null, closed_at: null })]);
  });

  it('should cost nothing where a repeat is safe', async () => {
    connection = await newConnection(replica);
    const asking = refresh();
    (await replica.provider.next()).answer(granted('access-2'));
    await asking;
    expect(await attempts()).toEqual([expect.objectContaining({ outcome: 'ok', sent_at: null })]);
  });

  it('should begin the lease anew', async () => {
    whileConnecting(() =>
      sql(`update connections set lease_expires_at = lease_expires_at - interval '9 seconds' where id = $1`, [
        connection.id,
      ]),
    );
    const asking = refresh();
    const request = await replica.provider.next();
    const { lease_expires_at } = await storedConnection(connection.id);
    expect(Number(lease_expires_at) - Date.now()).toBeGreaterThan(8000);
    request.answer(granted('access-2'));
    await asking;
  });

  it('should keep a holder from sending that was overtaken between lease and send', async () => {
    whileConnecting(async () => {
      await expireLease(connection.id);
      await open(heir, newAttempt(connection.id, { oneShot: true, irretrievable: true }));
    });
    await expect(refresh()).rejects.toMatchObject({ code: 'provider_unavailable' });
    expect(replica.provider.requests).toEqual([]);
    const [first, second] = await attempts();
    expect(first).toMatchObject(NOT_SENT);
    expect(second).toMatchObject({ outcome: null });
    expect(await storedConnection(connection.id)).toMatchObject({ state: 'active', consecutive_failures: 0 });
    expect((await storedConnection(connection.id)).lease_holder).not.toBeNull();
  });

  it('should keep a frozen holder from sending, whom nobody overtook yet', async () => {
    whileConnecting(() => expireLease(connection.id));
    await expect(refresh()).rejects.toMatchObject({ code: 'provider_unavailable' });
    expect(replica.provider.requests).toEqual([]);
    expect(await attempts()).toEqual([expect.objectContaining(NOT_SENT)]);
    const asking = refresh(heir);
    (await heir.provider.next()).answer(granted('access-2'));
    expect(await asking).toMatchObject({ generation: 2 });
  });

  it('should keep a process from sending that was frozen while it asked', async () => {
    const frozen = await startTokenReplica(new HeldProvider(), { sendWithinMs: 0 });
    await expect(refresh(frozen)).rejects.toMatchObject({ code: 'provider_unavailable' });
    await frozen.stop();
    expect(frozen.provider.requests).toEqual([]);
    const marked = { outcome: 'not_sent', reason: 'abandoned_before_send', sent_at: expect.any(Date) };
    expect(await attempts()).toEqual([expect.objectContaining(marked)]);
    expect(await again()).toMatchObject({ state: 'active', unsettled: null });
    await sql('update connections set retry_at = null where id = $1', [connection.id]);
    const asking = refresh(heir);
    (await heir.provider.next()).answer(granted('access-2'));
    expect(await asking).toMatchObject({ generation: 2 });
  });

  it('should keep what a late answer has replaced from being sent', async () => {
    const stale = await open(heir, newAttempt(connection.id, { oneShot: true, irretrievable: true }));
    await expireLease(connection.id);
    const adopt = async () => {
      const grant = granted('access-of-stale', { refresh_token: 'refresh-2' });
      const { grant: late } = grant as Extract<typeof grant, { kind: 'ok' }>;
      const lives = { livesMs: 600_000, lifetimeSeconds: 600, refreshInMs: 400_000, durationMs: 1 };
      await heir.module.get(AdoptionsRepository).adopt(stale, { grant: late, status: 200, ...lives });
    };
    whileConnecting(adopt);
    const { generation, token } = await refresh();
    expect([generation, token?.accessToken.reveal()]).toEqual([2, 'access-of-stale']);
    expect(replica.provider.requests).toEqual([]);
    expect((await attempts()).map(({ outcome }) => outcome)).toEqual(['ok', 'not_sent']);
    expect(await storedConnection(connection.id)).toMatchObject({ lease_holder: null, state: 'active' });
  });

  it('should keep what an operator paused meanwhile from being sent', async () => {
    whileConnecting(() => replica.module.get(ConnectionService).pause(SYSTEM, connection));
    await expect(refresh()).rejects.toMatchObject({ code: 'provider_unavailable' });
    expect(replica.provider.requests).toEqual([]);
    expect(await storedConnection(connection.id)).toMatchObject({ state: 'paused', lease_holder: null });
    expect(await attempts()).toEqual([expect.objectContaining(NOT_SENT)]);
  });
});
