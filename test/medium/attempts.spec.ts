import { AttemptRecordsRepository, AttemptsRepository, type OpenAttempt } from '@app/connections';
import { failed } from '@app/providers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  decidedNow,
  expireLease,
  newAttempt,
  newConnection,
  open,
  storedAttempts,
  storedConnection,
} from '../support/connections.js';
import { sql } from '../support/test-database.js';
import { BILLING, startTokenReplica, type TokenReplica } from '../support/token-replica.js';

const FAILURE = {
  failure: failed('server_error', 500),
  durationMs: 7,
  retryInMs: 60_000,
  nextStep: 'refresh',
  providerRefused: false,
} as const;

describe(`${AttemptsRepository.name}: the right to send`, () => {
  let replica: TokenReplica;
  let other: TokenReplica;
  let sut: AttemptsRepository;
  let theirs: AttemptsRepository;
  let records: AttemptRecordsRepository;
  let id: string;

  beforeAll(async () => {
    [replica, other] = await Promise.all([startTokenReplica(), startTokenReplica()]);
    sut = replica.module.get(AttemptsRepository);
    records = replica.module.get(AttemptRecordsRepository);
    theirs = other.module.get(AttemptsRepository);
  });

  afterAll(async () => {
    await replica.stop();
    await other.stop();
  });

  beforeEach(async () => {
    ({ id } = await newConnection(replica));
  });

  const fail = (attempt: OpenAttempt, more: object = {}) => sut.fail(attempt, { ...FAILURE, ...more });

  it('should write down who sends what for whom, and open what may be sent', async () => {
    const attempt = await open(replica, newAttempt(id, { trigger: 'report', origin: BILLING }));
    expect(attempt).toMatchObject({ connectionId: id, generation: 1, fence: '1', step: 'refresh', type: 'berbix' });
    expect(attempt.effective.secrets['refresh_token']?.reveal()).toBe('refresh-1');
    expect(attempt.effective.secrets['api_secret']?.reveal()).toBe('secret_test_1');
    const row = { generation: 1, fence: '1', step: 'refresh', trigger: 'report', closed_at: null, recorded: false };
    const who = { caller: 'billing', key_id: 'billingkey01', request_id: 'r-1', client_ip: '192.0.2.1' };
    expect(await storedAttempts(id)).toEqual([expect.objectContaining({ id: attempt.id, ...row, ...who })]);
  });

  it('should be given to one of two replicas that ask at once', async () => {
    const asking = Array.from({ length: 20 }, (_, index) => (index % 2 ? sut : theirs).open(newAttempt(id)));
    const opened = (await Promise.all(asking)).filter((attempt) => attempt !== undefined);
    expect(opened).toHaveLength(1);
    expect(await storedAttempts(id)).toHaveLength(1);
  });

  it('should not be given again while the lease lives', async () => {
    await open(replica, newAttempt(id));
    await expect(theirs.open(newAttempt(id))).resolves.toBeUndefined();
    await expect(sut.open(newAttempt(id, { ignoreBackoff: true }))).resolves.toBeUndefined();
  });

  it.each([0, 2])('should not be given for generation %d where the first is current', async (generation) => {
    await expect(sut.open(newAttempt(id, { generation }))).resolves.toBeUndefined();
    expect(await storedAttempts(id)).toEqual([]);
  });

  it.each([
    ['active', true],
    ['uncertain', true],
    ['paused', false],
    ['reauthorization_required', false],
    ['misconfigured', false],
  ])('should, for a connection that is %s, be given: %s', async (state, given) => {
    await sql('update connections set state = $2 where id = $1', [id, state]);
    expect((await sut.open(newAttempt(id, { ignoreBackoff: true }))) !== undefined).toBe(given);
  });

  it('should not be given for a connection that is not there', async () => {
    await expect(sut.open(newAttempt('00000000-0000-4000-8000-000000000000'))).resolves.toBeUndefined();
  });

  it('should wait for the end of a back-off, but not where an operator asks', async () => {
    await fail(await open(replica, newAttempt(id)));
    await expect(sut.open(newAttempt(id))).resolves.toBeUndefined();
    await fail(await open(replica, newAttempt(id, { ignoreBackoff: true, trigger: 'admin' })));
    await sql(`update connections set retry_at = clock_timestamp() - interval '1 ms' where id = $1`, [id]);
    await expect(open(replica, newAttempt(id))).resolves.toBeDefined();
  });

  it('should pass on at once where a failure asks for no back-off', async () => {
    await fail(await open(replica, newAttempt(id)), { retryInMs: 0, nextStep: 'relogin' });
    expect(await storedConnection(id)).toMatchObject({ retry_at: null, next_step: 'relogin' });
    await expect(open(replica, newAttempt(id, { step: 'relogin' }))).resolves.toMatchObject({ step: 'relogin' });
  });

  it('should pass on when the lease has expired, closing the orphan as abandoned in the same transaction', async () => {
    const orphan = await open(replica, newAttempt(id));
    await expireLease(id);
    const heir = await open(other, newAttempt(id));
    expect(BigInt(heir.fence)).toBeGreaterThan(BigInt(orphan.fence));
    const [first, second] = await storedAttempts(id);
    expect(first).toMatchObject({ id: orphan.id, outcome: 'abandoned', recorded: false });
    expect(second).toMatchObject({ id: heir.id, outcome: null });
    expect(first?.written_by).toBe(second?.written_by);
  });

  it('should let only one of many replace a dead holder', async () => {
    await open(replica, newAttempt(id));
    await expireLease(id);
    const request = await decidedNow(newAttempt(id));
    const asking = Array.from({ length: 20 }, (_, index) => (index % 2 ? sut : theirs).open(request));
    expect((await Promise.all(asking)).filter((attempt) => attempt !== undefined)).toHaveLength(1);
    expect((await storedAttempts(id)).map(({ outcome }) => outcome)).toEqual(['abandoned', null]);
  });

  it('should be refused by the table itself to a second sender, whatever its code thinks', async () => {
    await open(replica, newAttempt(id));
    const insert = `insert into attempts (id, connection_id, generation, fence, step, trigger, holder)
      select gen_random_uuid(), connection_id, generation, fence + 1, step, trigger, gen_random_uuid()
      from attempts where connection_id = $1`;
    const refused = { code: '23505', constraint: 'attempts_one_open_idx' };
    await expect(sql(insert, [id])).rejects.toMatchObject(refused);
  });

  it('should be prolonged by its holder only, and only before it expired', async () => {
    const stale = await open(replica, newAttempt(id));
    await expect(sut.extendLease(stale)).resolves.toBe(true);
    await expireLease(id);
    await expect(sut.extendLease(stale)).resolves.toBe(false);
    const heir = await open(other, newAttempt(id));
    const before = await storedConnection(id);
    await expect(sut.extendLease(stale)).resolves.toBe(false);
    expect(await storedConnection(id)).toEqual(before);
    await expect(theirs.extendLease(heir)).resolves.toBe(true);
    const { lease_expires_at: later } = await storedConnection(id);
    expect(Number(later)).toBeGreaterThan(Number(before.lease_expires_at));
  });

  it('should be given up with a failure by its holder, and by nobody else', async () => {
    const stale = await open(replica, newAttempt(id));
    await expireLease(id);
    const heir = await open(other, newAttempt(id));
    const { lease_holder: holder } = await storedConnection(id);
    await fail(stale);
    expect(await storedConnection(id)).toMatchObject({ lease_holder: holder, fence: heir.fence });
    await fail(heir);
    expect(await storedConnection(id)).toMatchObject({ lease_holder: null, lease_expires_at: null });
  });

  describe('after a failure', () => {
    it('should leave the connection active and say what went wrong, and when it goes on', async () => {
      await fail(await open(replica, newAttempt(id)));
      const reasons = { last_outcome: 'unknown', last_reason: 'server_error', last_upstream_status: 500 };
      const stored = await storedConnection(id);
      expect(stored).toMatchObject({ ...reasons, state: 'active', generation: 1, consecutive_failures: 1 });
      expect(stored.retry_at).toEqual(stored.refresh_at);
      const closed = { outcome: 'unknown', reason: 'server_error', upstream_status: 500, duration_ms: 7 };
      expect(await storedAttempts(id)).toEqual([expect.objectContaining(closed)]);
    });

    it('should move to the state that the failure calls for, with its reason', async () => {
      const failure = failed('missing_parameter', 500, { parameter: 'company_name' });
      await fail(await open(replica, newAttempt(id)), { failure, state: 'misconfigured' });
      const reasons = {
        state_reason: 'missing_parameter',
        state_upstream_status: 500,
        state_parameter: 'company_name',
      };
      expect(await storedConnection(id)).toMatchObject({ state: 'misconfigured', ...reasons });
    });

    it('should stay paused where an operator paused it meanwhile', async () => {
      const attempt = await open(replica, newAttempt(id));
      await sql(`update connections set state = 'paused' where id = $1`, [id]);
      await fail(attempt, { failure: failed('unauthorized', 401), state: 'reauthorization_required' });
      expect(await storedConnection(id)).toMatchObject({ state: 'paused', last_outcome: 'rejected' });
    });

    it('should not change at all where the failure is of a generation that is gone', async () => {
      const attempt = await open(replica, newAttempt(id));
      await sql('update connections set generation = 2 where id = $1', [id]);
      const { lease_holder: _holder, lease_expires_at: _expiry, ...before } = await storedConnection(id);
      await fail(attempt, { failure: failed('unauthorized', 401), state: 'reauthorization_required' });
      const after = await storedConnection(id);
      expect(after).toMatchObject({ ...before, updated_at: expect.any(Date) });
      expect(after).toMatchObject({ state: 'active', consecutive_failures: 0, last_outcome: null, lease_holder: null });
      expect(await storedAttempts(id)).toEqual([expect.objectContaining({ outcome: 'rejected' })]);
    });
  });

  it('should not shorten the wait of who replaced its holder, where what was refused is changed since', async () => {
    const stale = await open(replica, newAttempt(id));
    await expireLease(id);
    await fail(await open(other, newAttempt(id)));
    await sql('update connections set version = version + 1 where id = $1', [id]);
    const { retry_at: before } = await storedConnection(id);
    await fail(stale, { failure: failed('unauthorized', 401), state: 'reauthorization_required' });
    expect(await storedConnection(id)).toMatchObject({ state: 'active', retry_at: before });
    expect(before).not.toBeNull();
  });

  it('should keep who asked until the log holds the outcome, and no longer', async () => {
    await fail(await open(replica, newAttempt(id, { origin: BILLING })));
    await expect(records.findUnrecorded(60_000, 10)).resolves.toEqual([]);
    const [{ id: attempt } = { id: '' }] = await storedAttempts(id);
    const unrecorded = {
      id: attempt,
      outcome: 'unknown',
      reason: 'server_error',
      upstreamStatus: 500,
      origin: BILLING,
    };
    await expect(records.findUnrecorded(0, 1000)).resolves.toContainEqual(expect.objectContaining(unrecorded));
    await records.markRecorded([attempt]);
    expect((await records.findUnrecorded(0, 1000)).map((left) => left.id)).not.toContain(attempt);
  });

  it('should forget attempts of a month ago on the way, but none whose outcome the log does not hold', async () => {
    for (let index = 0; index < 3; index += 1) {
      await fail(await open(replica, newAttempt(id, { ignoreBackoff: true })));
    }
    const [, recent, unrecorded] = (await storedAttempts(id)).map((attempt) => attempt.id);
    await sql('update attempts set recorded = id <> $2 where connection_id = $1', [id, unrecorded]);
    await sql(`update attempts set opened_at = opened_at - interval '31 days' where connection_id = $1 and id <> $2`, [
      id,
      recent,
    ]);
    const { id: opened } = await open(replica, newAttempt(id, { ignoreBackoff: true }));
    expect((await storedAttempts(id)).map((attempt) => attempt.id)).toEqual([unrecorded, recent, opened]);
  });
});
