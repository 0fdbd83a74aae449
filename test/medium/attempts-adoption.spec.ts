import { AdoptionsRepository, AttemptsRepository, ConnectionService, type OpenAttempt } from '@app/connections';
import { EnvelopeError } from '@app/crypto';
import { failed } from '@app/providers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  expireLease,
  newAttempt,
  newConnection,
  open,
  storedAttempts,
  storedConnection,
} from '../support/connections.js';
import { newAdoption } from '../support/new-adoption.js';
import { sql } from '../support/test-database.js';
import { startTokenReplica, SYSTEM, type TokenReplica } from '../support/token-replica.js';

describe(`${AttemptsRepository.name}: what came back`, () => {
  let replica: TokenReplica;
  let other: TokenReplica;
  let sut: AttemptsRepository;
  let adoptions: AdoptionsRepository;
  let name: { readonly provider: string; readonly connection: string };
  let id: string;

  beforeAll(async () => {
    [replica, other] = await Promise.all([startTokenReplica(), startTokenReplica()]);
    sut = replica.module.get(AttemptsRepository);
    adoptions = replica.module.get(AdoptionsRepository);
  });

  afterAll(async () => {
    await replica.stop();
    await other.stop();
  });

  beforeEach(async () => {
    const connection = await newConnection(replica);
    name = { provider: connection.provider, connection: connection.connection };
    ({ id } = connection);
  });

  const find = () => replica.find(name.provider, name.connection);
  const heldToken = async () => (await find()).token?.accessToken.reveal();
  /** The secrets that an attempt made now would send. */
  const sendable = async (generation: number) => {
    const { held } = await open(replica, newAttempt(id, { generation }));
    return Object.fromEntries(Object.entries(held).map(([field, secret]) => [field, secret.reveal()]));
  };
  /** Fails so that a person would be needed. */
  const reject = (attempt: OpenAttempt) =>
    sut.fail(attempt, {
      failure: failed('unauthorized', 401),
      durationMs: 7,
      retryInMs: 1000,
      nextStep: 'refresh',
      state: 'reauthorization_required',
      providerRefused: false,
    });

  it('should be the next generation: token, credential, times, and the attempt closed', async () => {
    const attempt = await open(replica, newAttempt(id));
    await expect(adoptions.adopt(attempt, newAdoption('access-2', { refresh_token: 'refresh-2' }))).resolves.toBe(
      'adopted',
    );
    const { token, ...connection } = await find();
    expect(connection).toMatchObject({ generation: 2, state: 'active', consecutiveFailures: 0, lastOutcome: 'ok' });
    expect(token).toMatchObject({ tokenType: 'Bearer', lifetimeSeconds: 3600 });
    expect(token?.accessToken.reveal()).toBe('access-2');
    expect(token?.extra).toEqual({ transaction_id: '9007199254740993123' });
    expect((token?.expiresAt ?? 0) - (token?.issuedAt ?? 0)).toBeCloseTo(3_595_000, -1);
    expect((connection.refreshAt ?? 0) - (token?.issuedAt ?? 0)).toBeCloseTo(2_700_000, -1);
    expect(await storedConnection(id)).toMatchObject({ lease_holder: null, lease_expires_at: null, retry_at: null });
    expect(await storedAttempts(id)).toEqual([expect.objectContaining({ outcome: 'ok', upstream_status: 200 })]);
  });

  it('should replace the fields that came back and keep those that did not', async () => {
    await adoptions.adopt(await open(replica, newAttempt(id)), newAdoption('access-2', { refresh_token: 'refresh-2' }));
    expect(await sendable(2)).toEqual({ api_secret: 'secret_test_1', refresh_token: 'refresh-2' });
  });

  it('should keep the whole credential where none came back, and say that it did not change', async () => {
    const [before] = await sql<{ at: Date }>('select credential_updated_at as at from connections where id = $1', [id]);
    await adoptions.adopt(await open(replica, newAttempt(id)), newAdoption('access-2'));
    const [after] = await sql<{ at: Date }>('select credential_updated_at as at from connections where id = $1', [id]);
    expect(after).toEqual(before);
    expect(await sendable(2)).toEqual({ api_secret: 'secret_test_1', refresh_token: 'refresh-1' });
  });

  it('should be adopted although the lease was lost to somebody else', async () => {
    const stale = await open(replica, newAttempt(id));
    await expireLease(id);
    const heir = await open(other, newAttempt(id));
    await expect(adoptions.adopt(stale, newAdoption('access-of-stale', { refresh_token: 'refresh-2' }))).resolves.toBe(
      'adopted',
    );
    expect(await heldToken()).toBe('access-of-stale');
    expect((await storedAttempts(id)).map(({ outcome }) => outcome)).toEqual(['ok', null]);
    expect(await storedConnection(id)).toMatchObject({ generation: 2, fence: heir.fence });
    expect((await storedConnection(id)).lease_holder).not.toBeNull();
  });

  it('should not be adopted twice for one generation: the second is a spare, and its lease is let go', async () => {
    const stale = await open(replica, newAttempt(id));
    await expireLease(id);
    const heir = await open(other, newAttempt(id));
    await adoptions.adopt(stale, newAdoption('access-of-stale'));
    await expect(adoptions.adopt(heir, newAdoption('access-of-heir'))).resolves.toBe('spare');
    expect(await heldToken()).toBe('access-of-stale');
    expect(await storedConnection(id)).toMatchObject({ generation: 2, lease_holder: null });
    expect((await storedAttempts(id)).map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
  });

  it('should be adopted once where both answers arrive at the same moment', async () => {
    const stale = await open(replica, newAttempt(id));
    await expireLease(id);
    const heir = await open(other, newAttempt(id));
    const adopting = [
      adoptions.adopt(stale, newAdoption('a')),
      other.module.get(AdoptionsRepository).adopt(heir, newAdoption('b')),
    ];
    expect((await Promise.all(adopting)).toSorted()).toEqual(['adopted', 'spare']);
    expect(await find()).toMatchObject({ generation: 2 });
  });

  it('should not be adopted where an operator replaced the credential meanwhile', async () => {
    const attempt = await open(replica, newAttempt(id));
    const credential = { refresh_token: 'by-the-operator' };
    await replica.module.get(ConnectionService).patch(SYSTEM, name, { credential });
    await expect(adoptions.adopt(attempt, newAdoption('access-2', { refresh_token: 'refresh-2' }))).resolves.toBe(
      'spare',
    );
    expect(await find()).toMatchObject({ generation: 2, token: null });
    expect((await sendable(2))['refresh_token']).toBe('by-the-operator');
  });

  it('should not be adopted where the connection is gone, and not fail either', async () => {
    const attempt = await open(replica, newAttempt(id));
    await replica.module.get(ConnectionService).delete(SYSTEM, name);
    await expect(adoptions.adopt(attempt, newAdoption('access-2'))).resolves.toBe('known');
    await expect(reject(attempt)).resolves.toBe(false);
  });

  it('should clear what a failed guess of another holder left behind: a fact beats a guess', async () => {
    const stale = await open(replica, newAttempt(id));
    await expireLease(id);
    await reject(await open(other, newAttempt(id)));
    expect(await find()).toMatchObject({ state: 'reauthorization_required' });
    await expect(adoptions.adopt(stale, newAdoption('access-of-stale'))).resolves.toBe('adopted');
    expect(await find()).toMatchObject({ state: 'active', trouble: null, consecutiveFailures: 0, retryAt: null });
  });

  it('should survive a refusal of the generation that it replaced: a race is not a death', async () => {
    const stale = await open(replica, newAttempt(id));
    await expireLease(id);
    const heir = await open(other, newAttempt(id));
    await adoptions.adopt(stale, newAdoption('access-of-stale'));
    await reject(heir);
    expect(await find()).toMatchObject({ state: 'active', generation: 2, lastOutcome: 'ok', consecutiveFailures: 0 });
    expect(await heldToken()).toBe('access-of-stale');
    expect(await storedConnection(id)).toMatchObject({ lease_holder: null });
  });

  it('should stay paused where an operator paused it meanwhile, and be kept all the same', async () => {
    const attempt = await open(replica, newAttempt(id));
    await replica.module.get(ConnectionService).pause(SYSTEM, name);
    await expect(adoptions.adopt(attempt, newAdoption('access-2'))).resolves.toBe('adopted');
    expect(await find()).toMatchObject({ state: 'paused', generation: 2 });
  });

  describe('sealed', () => {
    it('should show nothing of itself in the row', async () => {
      await adoptions.adopt(
        await open(replica, newAttempt(id)),
        newAdoption('access-canary', { refresh_token: 'canary-2' }),
      );
      const [row] = await sql<object>('select * from connections where id = $1', [id]);
      const bytes = Object.values(row ?? {}).map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : ''));
      expect(`${JSON.stringify(row)}${bytes.join()}`).not.toMatch(/canary|refresh-1|secret_test_1/);
    });

    it('should not open in the row of another connection', async () => {
      const { id: otherId, ...neighbour } = await newConnection(replica);
      for (const each of [id, otherId]) {
        await adoptions.adopt(await open(replica, newAttempt(each)), newAdoption('access-2'));
      }
      await sql(
        `update connections set credential = swapped.credential, token = swapped.token
         from connections as swapped where connections.id = any($1) and swapped.id = any($1) and swapped.id <> connections.id`,
        [[id, otherId]],
      );
      await expect(find()).rejects.toThrow(EnvelopeError);
      await expect(replica.find(neighbour.provider, neighbour.connection)).rejects.toThrow(EnvelopeError);
      await expect(open(replica, newAttempt(id, { generation: 2 }))).rejects.toThrow(EnvelopeError);
      const closed = { outcome: 'not_sent', reason: 'unusable_credential' };
      expect(await storedAttempts(id)).toContainEqual(expect.objectContaining(closed));
      expect(await storedConnection(id)).toMatchObject({ state: 'active', lease_holder: null });
    });

    it.each(['credential', 'token'])('should not open as the %s of another generation', async (column) => {
      await adoptions.adopt(await open(replica, newAttempt(id)), newAdoption('access-2'));
      const { credential, token } = await storedConnection(id);
      await adoptions.adopt(await open(replica, newAttempt(id, { generation: 2 })), newAdoption('access-3'));
      const old = column === 'credential' ? credential : token;
      await sql(`update connections set ${column} = $2 where id = $1`, [id, old]);
      const opening = column === 'credential' ? open(replica, newAttempt(id, { generation: 3 })) : find();
      await expect(opening).rejects.toThrow(EnvelopeError);
    });

    it('should not open as the token where it is the credential', async () => {
      await adoptions.adopt(await open(replica, newAttempt(id)), newAdoption('access-2'));
      await sql('update connections set token = credential where id = $1', [id]);
      await expect(find()).rejects.toThrow(EnvelopeError);
    });
  });
});
