import {
  type Adoption,
  AdoptionsRepository,
  AttemptsRepository,
  ConnectionsRepository,
  type OpenAttempt,
} from '@app/connections';
import { Database } from '@app/database';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  decidedNow,
  expireLease,
  newAttempt,
  newConnection,
  open,
  storedAttempts,
  storedConnection,
} from '../support/connections.js';
import { newAdoption } from '../support/new-adoption.js';
import { sql } from '../support/test-database.js';
import { BILLING, startTokenReplica, SYSTEM, type TokenReplica } from '../support/token-replica.js';

/** More than a column takes. */
const TOO_LONG = 2 ** 31;

/** Which transactions wrote the attempts of these connections: those written together have the same. */
const writers = async (ids: readonly string[]): Promise<Set<string>> =>
  new Set((await Promise.all(ids.map(storedAttempts))).flat().map(({ written_by: writer }) => writer));

/** The second of several cannot be stored. */
const answer = (index: number): Adoption => ({
  ...newAdoption(`access-of-${index}`),
  ...(index === 1 ? { lifetimeSeconds: TOO_LONG } : {}),
});

describe('Attempts that come together', () => {
  let replica: TokenReplica;
  let attempts: AttemptsRepository;
  let adoptions: AdoptionsRepository;

  beforeAll(async () => {
    replica = await startTokenReplica();
    attempts = replica.module.get(AttemptsRepository);
    adoptions = replica.module.get(AdoptionsRepository);
  });

  afterAll(() => replica.stop());

  const newIds = (count: number): Promise<string[]> =>
    Promise.all(Array.from({ length: count }, async () => (await newConnection(replica)).id));
  const openAll = (ids: readonly string[]): Promise<OpenAttempt[]> =>
    Promise.all(ids.map((id) => open(replica, newAttempt(id))));
  const heldBy = async (id: string): Promise<string | undefined> => {
    const [row] = await sql<{ provider: string; name: string }>(
      'select provider, name from connections where id = $1',
      [id],
    );
    return (await replica.find(row?.provider ?? '', row?.name ?? '')).token?.accessToken.reveal();
  };

  it('should be opened in one commit, each as it was asked for', async () => {
    const ids = await newIds(3);
    await sql('update connections set generation = 7 where id = $1', [ids[1]]);
    const opened = await Promise.all([
      attempts.open(newAttempt(ids[0] ?? '', { origin: BILLING, trigger: 'caller' })),
      attempts.open(newAttempt(ids[1] ?? '')),
      attempts.open(newAttempt(ids[2] ?? '', { origin: SYSTEM, trigger: 'schedule', step: 'introspect' })),
    ]);
    expect(opened).toEqual([
      expect.objectContaining({ connectionId: ids[0], step: 'refresh', epoch: null }),
      undefined,
      expect.objectContaining({ connectionId: ids[2], step: 'introspect', epoch: null }),
    ]);
    const stored = await Promise.all(ids.map(storedAttempts));
    expect(stored).toEqual([
      [expect.objectContaining({ id: opened[0]?.id, caller: 'billing', trigger: 'caller', step: 'refresh' })],
      [],
      [expect.objectContaining({ id: opened[2]?.id, caller: null, trigger: 'schedule', step: 'introspect' })],
    ]);
    expect(await writers(ids)).toHaveProperty('size', 1);
  });

  it('should close the orphans of all in that commit, and count only what can be sent once', async () => {
    const ids = await newIds(4);
    const orphans = await openAll(ids);
    await Promise.all(ids.map(expireLease));
    const asked = await Promise.all(ids.map((id, index) => decidedNow(newAttempt(id, { oneShot: index % 2 === 0 }))));
    const heirs = await Promise.all(asked.map((request) => attempts.open(request)));
    expect(heirs.map((heir) => typeof heir?.epoch)).toEqual(['number', 'object', 'number', 'object']);
    for (const [index, id] of ids.entries()) {
      const [first, second] = await storedAttempts(id);
      expect(first).toMatchObject({ id: orphans[index]?.id, outcome: 'abandoned' });
      expect(second).toMatchObject({ id: heirs[index]?.id, outcome: null });
    }
  });

  it('should forget the old ones of each connection, and of no other', async () => {
    const ids = await newIds(3);
    for (const attempt of await openAll(ids)) {
      await adoptions.adopt(attempt, newAdoption('access-2'));
    }
    await sql(
      `update attempts set opened_at = opened_at - interval '31 days', sent_at = opened_at, recorded = true where connection_id = any($1)`,
      [ids],
    );
    await Promise.all(
      ids.slice(0, 2).map(async (id) => attempts.open(await decidedNow(newAttempt(id, { generation: 2 })))),
    );
    const left = await Promise.all(ids.map(async (id) => (await storedAttempts(id)).map(({ outcome }) => outcome)));
    expect(left).toEqual([[null], [null], ['ok']]);
  });

  it('should not fail with one that Postgres does not take', async () => {
    const [good = '', bad = ''] = await newIds(2);
    const opening = [
      attempts.open(newAttempt(good)),
      attempts.open(newAttempt(bad, { origin: { ...BILLING, requestId: 'with a \0' } })),
    ];
    const [opened, refused] = await Promise.allSettled(opening);
    expect(opened).toMatchObject({ status: 'fulfilled', value: { connectionId: good } });
    expect(refused).toMatchObject({ status: 'rejected', reason: { severity: 'ERROR' } });
    expect((await storedConnection(bad)).lease_holder).toBeNull();
  });

  it('should each be given once to two replicas that ask for all of them in any order, with nobody held up for good', async () => {
    const other = await startTokenReplica();
    try {
      const ids = await newIds(12);
      const connections = replica.module.get(ConnectionsRepository);
      for (let round = 0; round < 20; round += 1) {
        const inAnyOrder = ids.toSorted(() => Math.random() - 0.5);
        const asked = await Promise.all(inAnyOrder.map((id) => decidedNow(newAttempt(id))));
        const [own, theirs] = await Promise.all([
          Promise.all(asked.map((request) => attempts.open(request))),
          Promise.all(asked.toReversed().map((request) => other.module.get(AttemptsRepository).open(request))),
          connections.markUsed(inAnyOrder.toReversed()),
        ]);
        const given = [...own, ...theirs].flatMap((attempt) => (attempt === undefined ? [] : [attempt.connectionId]));
        expect(given.toSorted()).toEqual(ids.toSorted());
        await sql(
          `update connections set lease_expires_at = clock_timestamp() - interval '1 second', last_used_at = null where id = any($1)`,
          [ids],
        );
      }
      const deadlocks = `select deadlocks::int from pg_stat_database where datname = current_database()`;
      expect(await sql(deadlocks)).toEqual([{ deadlocks: 0 }]);
    } finally {
      await other.stop();
    }
  });

  it('should be marked as sent in one commit, but for those that must not be sent any more', async () => {
    const ids = await newIds(4);
    const opened = await openAll(ids);
    await expireLease(ids[1] ?? '');
    await sql('update connections set generation = 2 where id = $1', [ids[2]]);
    const marked = await Promise.all(opened.map((attempt) => attempts.markSent(attempt)));
    expect(marked).toEqual([true, false, false, true]);
    const stored = (await Promise.all(ids.map(storedAttempts))).flat();
    expect(stored.map(({ sent_at: sentAt }) => sentAt !== null)).toEqual(marked);
    expect(await writers([ids[0] ?? '', ids[3] ?? ''])).toHaveProperty('size', 1);
  });

  it('should have their answers adopted in one commit, each with its own token and credential', async () => {
    const ids = await newIds(5);
    const opened = await openAll(ids);
    const adopting = opened.map((attempt, index) =>
      adoptions.adopt(attempt, newAdoption(`access-of-${index}`, { refresh_token: `refresh-of-${index}` })),
    );
    await expect(Promise.all(adopting)).resolves.toEqual(Array.from(ids, () => 'adopted'));
    await expect(Promise.all(ids.map(heldBy))).resolves.toEqual(ids.map((_, index) => `access-of-${index}`));
    expect(await writers(ids)).toHaveProperty('size', 1);
    const next = await Promise.all(ids.map((id) => open(replica, newAttempt(id, { generation: 2 }))));
    expect(next.map(({ held }) => held['refresh_token']?.reveal())).toEqual(
      ids.map((_, index) => `refresh-of-${index}`),
    );
  });

  it('should adopt all others where one answer cannot be stored', async () => {
    const ids = await newIds(3);
    const opened = await openAll(ids);
    const ended = await Promise.allSettled(opened.map((attempt, index) => adoptions.adopt(attempt, answer(index))));
    expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await expect(Promise.all(ids.map(heldBy))).resolves.toEqual(['access-of-0', undefined, 'access-of-2']);
  });

  it('should tell one that came too late from the one that came with it', async () => {
    const [id = '', other = ''] = await newIds(2);
    const stale = await open(replica, newAttempt(id));
    await expireLease(id);
    const heir = await open(replica, newAttempt(id));
    const third = await open(replica, newAttempt(other));
    const adopting = [stale, heir, third].map((attempt) =>
      adoptions.adopt(attempt, newAdoption(`of-${attempt.fence}`)),
    );
    expect((await Promise.all(adopting)).toSorted()).toEqual(['adopted', 'adopted', 'spare']);
    expect(await sql('select from spares where connection_id = any($1)', [[id, other]])).toHaveLength(1);
    expect(await storedConnection(id)).toMatchObject({ generation: 2, lease_holder: null });
  });

  it('should be merged with what an operator changes while the answer waits for the row', async () => {
    const [id = ''] = await newIds(1);
    const attempt = await open(replica, newAttempt(id));
    let adopting: Promise<string> | undefined;
    await replica.module.get(Database).transaction(async (transaction) => {
      await transaction.$executeRaw`update connections set version = version + 1 where id = ${id}::uuid`;
      adopting = adoptions.adopt(attempt, newAdoption('access-2', { refresh_token: 'refresh-2' }));
      await untilSomebodyWaits();
    });
    await expect(adopting).resolves.toBe('adopted');
    expect(await heldBy(id)).toBe('access-2');
    expect(await sql('select from spares where connection_id = $1', [id])).toEqual([]);
  });
});

/** Resolves when a statement of the adoption pool waits for a lock. */
async function untilSomebodyWaits(): Promise<void> {
  const waiting = `select from pg_stat_activity where application_name = 'claviger-adoption' and wait_event_type = 'Lock'
    and datname = current_database()`;
  while ((await sql(waiting)).length === 0) {
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
}
