import { AuditEvents } from '@app/audit';
import { type Connection, ConnectionsRepository } from '@app/connections';
import { failed } from '@app/providers';
import { AttemptRecorder, Refresher, Scheduler } from '@app/tokens';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newAttempt, newConnection, open, storedAttempts, storedConnection } from '../support/connections.js';
import { eventually } from '../support/eventually.js';
import { sql } from '../support/test-database.js';
import { granted, HeldProvider, startTokenReplica, type TokenReplica } from '../support/token-replica.js';

const KLAVI = { credential: { access_token: 'access-1' } };

const run = ({ module }: TokenReplica) => module.get(Scheduler).start();

const generations = async () => {
  const rows = await sql<{ generation: number }>('select generation from connections order by name');
  return rows.map(({ generation }) => generation);
};

describe(Scheduler.name, () => {
  const replicas: TokenReplica[] = [];

  /** A replica; `provider` is shared where it is given, as a real provider is. */
  const start = async (provider = new HeldProvider()) => {
    const replica = await startTokenReplica(provider);
    replicas.push(replica);
    return replica;
  };

  beforeEach(() => sql('delete from connections'));

  afterEach(async () => {
    for (const { module, provider } of replicas) {
      await module.get(Scheduler).stop();
      provider.requests.forEach((request) => request.answer(failed('connect_failed')));
    }
    await Promise.all(replicas.splice(0).map((replica) => replica.stop()));
  });

  it('should renew what is due, in the name of the system', async () => {
    const replica = await start();
    const { id, connection } = await newConnection(replica);
    run(replica);
    (await replica.provider.next()).answer(granted('access-2'));
    await eventually(async () => expect(await generations()).toEqual([2]));
    expect(await storedAttempts(id)).toEqual([expect.objectContaining({ trigger: 'schedule', caller: null })]);
    await replica.module.get(AttemptRecorder).settle();
    const { items } = await replica.module.get(AuditEvents).search({ connection, limit: 10 });
    const events = items.filter(({ action }) => action.startsWith('refresh.'));
    expect(events.map(({ actor, outcome }) => [actor, outcome])).toEqual([
      [expect.objectContaining({ type: 'system' }), 'ok'],
      [expect.objectContaining({ type: 'system' }), 'started'],
    ]);
    expect(Number((await storedConnection(id)).refresh_at)).toBeGreaterThan(Date.now() + 60_000);
  });

  it('should renew what is due though its held token does not open: nothing of that is sent', async () => {
    const replica = await start();
    const { id } = await newConnection(replica);
    const times = `token_issued_at = now(), token_expires_at = now() + interval '1 minute', token_lifetime_seconds = 60`;
    await sql(String.raw`update connections set token = '\x00', ${times} where id = $1`, [id]);
    run(replica);
    (await replica.provider.next()).answer(granted('access-2'));
    await eventually(async () => expect(await generations()).toEqual([2]));
  });

  it('should not renew anew what was renewed between its claim and its look', async () => {
    const replica = await start();
    const { id } = await newConnection(replica);
    const repository = replica.module.get(ConnectionsRepository);
    const claim = repository.claimDue.bind(repository);
    const claimed: number[] = [];
    repository.claimDue = async (slots) => {
      const due = await claim(slots);
      if (due.length > 0) {
        await sql(`update connections set generation = 2, refresh_at = now() + interval '1 hour' where id = $1`, [id]);
        claimed.push(due.length);
      }
      return due;
    };
    run(replica);
    await eventually(() => expect(claimed).toEqual([1]));
    await replica.module.get(Scheduler).stop();
    await replica.module.get(Refresher).drain();
    expect(replica.provider.requests).toEqual([]);
    expect(await storedAttempts(id)).toEqual([]);
  });

  it('should renew what it claimed without reading it again, and read it once for all who want its token', async () => {
    const replica = await start();
    const connection = await newConnection(replica);
    const repository = replica.module.get(ConnectionsRepository);
    const find = repository.find.bind(repository);
    let reads = 0;
    repository.find = (name) => {
      reads += 1;
      return find(name);
    };
    run(replica);
    const request = await replica.provider.next();
    const asking = Array.from({ length: 5 }, () =>
      replica.module.get(Refresher).refresh(connection, { trigger: 'caller', origin: { actor: { type: 'system' } } }),
    );
    expect(reads).toBe(0);
    request.answer(granted('access-2'));
    const given = await Promise.all(asking);
    expect(new Set(given.map(({ generation }) => generation))).toEqual(new Set([2]));
    expect(reads).toBe(1);
  });

  it('should send at most eight at once to a provider, and not keep another one waiting', async () => {
    const replica = await start();
    for (let index = 0; index < 12; index += 1) {
      await newConnection(replica);
    }
    await newConnection(replica, KLAVI, 'klavi');
    run(replica);
    const sent = (type: string) => replica.provider.requests.filter((request) => request.type === type);
    await eventually(() => expect(sent('berbix').length + sent('klavi').length).toBe(9));
    expect(sent('berbix')).toHaveLength(8);
    sent('berbix')[3]?.answer(granted('access-2'));
    await eventually(() => expect(sent('berbix')).toHaveLength(9));
    sent('berbix').forEach((request) => request.answer(granted('access-2')));
    await eventually(() => expect(sent('berbix')).toHaveLength(12));
  });

  /** Sixteen due connections, of which eight are sent and eight wait for their turn. */
  const startWithWaiting = async () => {
    const replica = await start();
    const connections = [];
    for (let index = 0; index < 16; index += 1) {
      connections.push(await newConnection(replica, { credential: { api_secret: 's', refresh_token: `of-${index}` } }));
    }
    run(replica);
    const { requests } = replica.provider;
    await eventually(() => expect(requests).toHaveLength(8));
    const started = `select from audit_events where action = 'refresh.started' and connection = any($1)`;
    const names = connections.map(({ connection }) => connection);
    await eventually(async () => expect(await sql(started, [names])).toHaveLength(16));
    const sent = new Set(requests.map(({ secrets }) => secrets['refresh_token']));
    const waiting = connections.filter((_, index) => !sent.has(`of-${index}`));
    expect(waiting).toHaveLength(8);
    return { replica, requests, waiting: waiting as [Connection, ...Connection[]] };
  };

  it('should send at once what a caller waits for, though eight others are sent already', async () => {
    const { replica, requests, waiting } = await startWithWaiting();
    const [wanted] = waiting;
    const reason = { trigger: 'caller', origin: { actor: { type: 'system' } } } as const;
    const asked = replica.module.get(Refresher).refresh(wanted, reason);
    await eventually(() => expect(requests).toHaveLength(9));
    requests[8]?.answer(granted('access-2'));
    expect(await asked).toMatchObject({ id: wanted.id, generation: 2 });
    expect(requests).toHaveLength(9);
  });

  it('should not send what waits once the circuit opens: it is tried again when the provider is well', async () => {
    const { replica, requests, waiting } = await startWithWaiting();
    requests.forEach((request) => request.answer(failed('server_error', 500)));
    for (const { id } of waiting) {
      await eventually(async () =>
        expect(await storedAttempts(id)).toEqual([
          expect.objectContaining({ outcome: 'not_sent', reason: 'abandoned_before_send' }),
        ]),
      );
      expect(await storedConnection(id)).toMatchObject({ state: 'active', generation: 1 });
    }
    // Those that came in before the fifth failure in a row was known.
    expect(requests.length).toBeLessThan(16);
    expect(replica.provider.probes).toBe(0);
  });

  it('should not send what waits where the provider refuses the client of all', async () => {
    const { requests, waiting } = await startWithWaiting();
    requests[0]?.answer(failed('invalid_client', 401));
    for (const { id } of waiting) {
      await eventually(async () =>
        expect(await storedAttempts(id)).toEqual([
          expect.objectContaining({ outcome: 'not_sent', reason: 'abandoned_before_send' }),
        ]),
      );
    }
    expect(requests).toHaveLength(8);
  });

  it('should not wait for the turn of what waits when it stops', async () => {
    const { replica, requests, waiting } = await startWithWaiting();
    await replica.module.get(Scheduler).stop();
    const drained = replica.module.get(Refresher).drain();
    for (const { id } of waiting) {
      await eventually(async () => expect(await storedAttempts(id)).toMatchObject([{ outcome: 'not_sent' }]));
    }
    requests.forEach((request) => request.answer(granted('access-2')));
    await drained;
    expect(requests).toHaveLength(8);
    expect((await generations()).toSorted()).toEqual([...Array<number>(8).fill(1), ...Array<number>(8).fill(2)]);
  });

  it('should renew each of many once, however many replicas look', async () => {
    const provider = new HeldProvider();
    const both = [await start(provider), await start(provider)] as const;
    for (let index = 0; index < 30; index += 1) {
      await newConnection(both[0], { credential: { api_secret: 's', refresh_token: `refresh-of-${index}` } });
    }
    both.forEach(run);
    for (let index = 0; index < 30; index += 1) {
      (await provider.next()).answer(granted('access-2'));
    }
    await eventually(async () => expect(new Set(await generations())).toEqual(new Set([2])));
    const senders = provider.requests.map(({ secrets }) => secrets['refresh_token']);
    expect(new Set(senders).size).toBe(30);
    expect(senders).toHaveLength(30);
  });

  it('should go on with the others where one fails, and come back to it after its back-off', async () => {
    const replica = await start();
    const bad = await newConnection(replica, { credential: { api_secret: 's', refresh_token: 'bad' } });
    await newConnection(replica);
    run(replica);
    for (let index = 0; index < 2; index += 1) {
      const request = await replica.provider.next();
      request.answer(request.secrets['refresh_token'] === 'bad' ? failed('server_error', 500) : granted('access-2'));
    }
    await eventually(async () => expect((await generations()).toSorted()).toEqual([1, 2]));
    await eventually(() => expect(replica.lines.join()).toContain('A scheduled refresh failed.'));
    await sql(
      `update connections set refresh_at = clock_timestamp(), retry_at = clock_timestamp()
      where id = $1`,
      [bad.id],
    );
    const request = await replica.provider.next();
    expect(request.secrets['refresh_token']).toBe('bad');
    request.answer(granted('access-2'));
    await eventually(async () => expect(await generations()).toEqual([2, 2]));
  });

  it.each(['paused', 'reauthorization_required', 'misconfigured'])(
    'should leave a connection alone that is %s',
    async (state) => {
      const replica = await start();
      const { id } = await newConnection(replica);
      await newConnection(replica);
      await sql('update connections set state = $2 where id = $1', [id, state]);
      run(replica);
      (await replica.provider.next()).answer(granted('access-2'));
      await eventually(async () => expect((await generations()).toSorted()).toEqual([1, 2]));
      expect(await storedAttempts(id)).toEqual([]);
      expect(replica.provider.requests).toHaveLength(1);
    },
  );

  it('should claim nothing more once it is stopped, and finish what is sent', async () => {
    const replica = await start();
    const { connection } = await newConnection(replica);
    run(replica);
    const request = await replica.provider.next();
    await replica.module.get(Scheduler).stop();
    await newConnection(replica);
    request.answer(granted('access-2'));
    await replica.module.get(Refresher).drain();
    expect(await replica.find('berbix', connection)).toMatchObject({ generation: 2 });
    expect(replica.provider.requests).toHaveLength(1);
  });

  it('should go on by itself after the database failed', async () => {
    const replica = await start();
    await newConnection(replica);
    await sql('alter table connections rename to hidden');
    run(replica);
    await eventually(() => expect(replica.lines.join()).toContain('Due connections cannot be claimed'));
    await sql('alter table hidden rename to connections');
    (await replica.provider.next()).answer(granted('access-2'));
    await eventually(async () => expect(await generations()).toEqual([2]));
  });

  it('should replace a holder that died in the middle, and complete its line in the log', async () => {
    const dead = await start();
    const { id, connection } = await newConnection(dead);
    await open(dead, newAttempt(id));
    await sql(`update connections set lease_expires_at = clock_timestamp()`);
    const heir = await start();
    run(heir);
    (await heir.provider.next()).answer(granted('access-2'));
    await eventually(async () => expect(await generations()).toEqual([2]));
    await heir.module.get(AttemptRecorder).settle();
    await sql(`update attempts set closed_at = closed_at - interval '1 minute'`);
    await heir.module.get(AttemptRecorder).completeLeftBehind();
    const { items } = await heir.module.get(AuditEvents).search({ connection, action: 'refresh.failed', limit: 10 });
    expect(items).toEqual([expect.objectContaining({ outcome: 'unknown', reason: 'abandoned' })]);
  });
});
