import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import {
  AttemptsRepository,
  type Connection,
  ConnectionService,
  type OpenAttempt,
  ProviderService,
  Spool,
} from '@app/connections';
import { Envelopes } from '@app/crypto';
import {
  AddressGuard,
  failed,
  type OutboundAnswer,
  OutboundClient,
  type Outcome,
  RefreshExchange,
} from '@app/providers';
import { Refresher, SpoolReplay } from '@app/tokens';
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
import { libraryConfig, silentLog } from '../support/library.js';
import { newOAuthProvider, timePasses } from '../support/one-shot.js';
import { sql } from '../support/test-database.js';
import { granted, HeldProvider, startTokenReplica, SYSTEM, type TokenReplica } from '../support/token-replica.js';

const HOUR = 3600 * 1000;
const exchange = new RefreshExchange(new OutboundClient(new AddressGuard([])), silentLog);

/** Sends nothing by itself, and reads answers as the real one does. */
class ReadingProvider extends HeldProvider {
  readonly readAgain = exchange.readAgain.bind(exchange);
}

const newAnswer = (body: object, status = 200): OutboundAnswer => ({
  status,
  contentType: 'application/json',
  retryAfter: undefined,
  body: JSON.stringify(body),
});
const GRANT = newAnswer({ access_token: 'a2', refresh_token: 'r2', expires_in: 3600, token_type: 'Bearer' });
const ASKED = { trigger: 'admin', origin: SYSTEM } as const;
const UNREADABLE = failed('unreadable_answer', 200);

const filesOf = async ({ id }: Pick<OpenAttempt, 'id'>): Promise<readonly string[]> =>
  (await readdir(libraryConfig.spoolDir))
    .filter((name) => name.startsWith(id))
    .map((name) => name.slice(37))
    .toSorted();

/** What stands of all attempts of a connection. */
const filesOfAll = async ({ id }: Connection): Promise<readonly string[]> =>
  (await Promise.all((await storedAttempts(id)).map(filesOf))).flat();
const answersOf = async (connection: Connection): Promise<readonly string[]> =>
  (await filesOfAll(connection)).filter((kind) => kind === 'answer');

describe(SpoolReplay.name, () => {
  let replica: TokenReplica;
  let sut: SpoolReplay;
  let connection: Connection;

  beforeAll(async () => {
    replica = await startTokenReplica(new ReadingProvider());
    sut = replica.module.get(SpoolReplay);
    await replica.module.get(ProviderService).put(SYSTEM, 'idp', {
      type: 'oauth2',
      settings: { token_url: 'https://auth.example/token', client_id: 'client', rotation: 'strict' },
      secrets: { client_secret: 'secret' },
    });
  });

  afterAll(() => replica.stop());

  beforeEach(async () => {
    connection = await newConnection(replica, { settings: {}, credential: { refresh_token: 'r1' } }, 'idp');
  });

  const find = (): Promise<Connection> => replica.find(connection.provider, connection.connection);
  const openOneShot = async (overrides = {}): Promise<OpenAttempt> =>
    open(replica, await decidedNow(newAttempt(connection.id, { oneShot: true, irretrievable: true, ...overrides })));
  /** The spool of a process that dies after it has kept an answer. */
  const dyingSpool = (ago = 0): Spool =>
    new Spool(libraryConfig, replica.module.get(Envelopes), { now: () => Date.now() - ago }, silentLog);
  async function leave(attempt: OpenAttempt, answer = GRANT, ago = 0): Promise<void> {
    const spool = dyingSpool(ago);
    await spool.prepare(attempt);
    await spool.keep(attempt, answer);
  }
  const storedLongAgo = (): Promise<object[]> =>
    sql(`update connections set credential_updated_at = now() - interval '1 day' where id = $1`, [connection.id]);
  /** What an attempt made now would send. */
  async function sendable(generation: number): Promise<string | undefined> {
    await sql('update connections set lease_expires_at = null, retry_at = null where id = $1', [connection.id]);
    const request = await decidedNow(newAttempt(connection.id, { generation }));
    const attempt = await replica.module.get(AttemptsRepository).open(request);
    return attempt?.held['refresh_token']?.reveal();
  }
  const newRolling = async (): Promise<Connection> => {
    const provider = await newOAuthProvider(replica, { rotation: 'static', rolling: true });
    return newConnection(replica, { settings: {}, credential: { access_token: 'a1' } }, provider);
  };
  /** A renewal that is answered so. */
  async function renewed(outcome: Outcome): Promise<void> {
    const renewal = replica.module.get(Refresher).refresh(await find(), ASKED);
    const request = await replica.provider.next();
    request.answer(outcome);
    await renewal.catch(() => undefined);
  }
  /** As the next process does, when the lease of the one before has run out. */
  async function openRolling(): Promise<OpenAttempt> {
    await expireLease(connection.id);
    return open(replica, await decidedNow(newAttempt(connection.id, { irretrievable: true })));
  }

  it('should adopt what a killed process left, without asking the provider again', async () => {
    const attempt = await openOneShot();
    await leave(attempt);
    await sut.run();
    const found = await find();
    expect(found).toMatchObject({ generation: 2, state: 'active' });
    expect(found.token?.accessToken.reveal()).toBe('a2');
    expect(await storedAttempts(connection.id)).toMatchObject([{ id: attempt.id, outcome: 'ok' }]);
    expect(await filesOf(attempt)).toEqual(['kept']);
    expect(await sendable(2)).toBe('r2');
    expect(replica.provider.requests).toEqual([]);
  });

  it('should adopt the credential of an answer whose token has died since', async () => {
    await storedLongAgo();
    await leave(await openOneShot(), GRANT, 2 * HOUR);
    await sut.run();
    const found = await find();
    expect(found.generation).toBe(2);
    expect(found.token!.expiresAt).toBeLessThanOrEqual(Date.now() + 1000);
    expect(await sendable(2)).toBe('r2');
  });

  it('should count the time in the spool as part of the life of the token', async () => {
    await storedLongAgo();
    await leave(await openOneShot(), GRANT, HOUR / 2);
    await sut.run();
    const { token } = await find();
    expect(token!.expiresAt - Date.now()).toBeGreaterThan(HOUR / 2 - 20_000);
    expect(token!.expiresAt - Date.now()).toBeLessThan(HOUR / 2 - 4000);
  });

  it('should keep as a spare what came for a generation that moved on', async () => {
    const stale = await openOneShot();
    await leave(stale);
    await replica.module.get(ConnectionService).patch(SYSTEM, connection, { credential: { refresh_token: 'by-hand' } });
    await sut.run();
    expect(await find()).toMatchObject({ generation: 2, token: null });
    expect(await sql('select generation from spares where id = $1', [stale.id])).toEqual([{ generation: 1 }]);
    expect(await filesOf(stale)).toEqual(['kept']);
    expect(await sendable(2)).toBe('by-hand');
  });

  it('should not adopt twice what was adopted right before the crash', async () => {
    const attempt = await openOneShot();
    await leave(attempt);
    await sut.run();
    await dyingSpool().keep(attempt, GRANT);
    await sut.run();
    expect(await find()).toMatchObject({ generation: 2 });
    expect(await sql('select id from spares where connection_id = $1', [connection.id])).toEqual([]);
    expect(await filesOf(attempt)).toEqual(['kept']);
  });

  it('should keep an answer that cannot be read, and adopt it once the configuration is mended', async () => {
    const attempt = await openOneShot();
    await leave(attempt, newAnswer({ data: { token: 'a2', next: 'r2' } }));
    await sut.run();
    await sut.run();
    expect(await find()).toMatchObject({ generation: 1 });
    expect(await filesOf(attempt)).toEqual(['answer', 'intent']);
    expect(replica.lines.filter((line) => line.includes(attempt.id))).toHaveLength(1);
    const settings = { paths: { access_token: 'data.token', refresh_token: 'data.next' } };
    await replica.module.get(ConnectionService).patch(SYSTEM, connection, { settings });
    await sut.run();
    expect((await find()).token?.accessToken.reveal()).toBe('a2');
    expect(await sendable(2)).toBe('r2');
  });

  it('should keep the credential of an answer whose token cannot be read', async () => {
    const attempt = await openOneShot();
    await leave(attempt, newAnswer({ refresh_token: 'r2' }));
    await sut.run();
    expect(await find()).toMatchObject({ generation: 2 });
    expect(await filesOf(attempt)).toEqual(['kept']);
    expect(await sendable(2)).toBe('r2');
  });

  it('should tell the connection what the provider refused, and forget the answer', async () => {
    const attempt = await openOneShot();
    await leave(attempt, newAnswer({ error: 'invalid_grant' }, 400));
    await sut.run();
    expect(await find()).toMatchObject({ state: 'reauthorization_required', trouble: { reason: 'invalid_grant' } });
    expect(await filesOf(attempt)).toEqual([]);
  });

  it('should leave the answer of a connection that is gone', async () => {
    const attempt = await openOneShot();
    await leave(attempt);
    await replica.module.get(ConnectionService).delete(SYSTEM, connection);
    await sut.run();
    expect(await filesOf(attempt)).toEqual(['answer', 'intent']);
    expect(replica.lines.join()).toContain('a connection that does not exist any more');
  });

  it('should leave an answer that is newer than a restored database', async () => {
    const attempt = { ...(await openOneShot()), id: randomUUID(), generation: 4 };
    await leave(attempt);
    await sut.run();
    expect(await find()).toMatchObject({ generation: 1 });
    expect(await filesOf(attempt)).toEqual(['answer', 'intent']);
    expect(replica.lines.join()).toContain('claviger reconcile');
  });

  it('should not put an answer of long ago in the place of a credential that an operator stored since', async () => {
    const attempt = await openOneShot();
    await leave(attempt, GRANT, HOUR);
    await sut.run();
    expect(await storedConnection(connection.id)).toMatchObject({ generation: 1 });
    expect(await filesOf(attempt)).toEqual(['answer', 'intent']);
  });

  it('should wait for a database that does not answer, and lose nothing', async () => {
    const attempt = await openOneShot();
    await leave(attempt);
    await sql('alter table connections rename column credential to hidden');
    await sut.run();
    await sql('alter table connections rename column hidden to credential');
    expect(await filesOf(attempt)).toEqual(['answer', 'intent']);
    await sut.run();
    expect(await find()).toMatchObject({ generation: 2 });
  });

  describe('answers that cannot be read', () => {
    it('should go once a later one is adopted, where the credential may be sent again', async () => {
      connection = await newRolling();
      await renewed(UNREADABLE);
      await renewed(UNREADABLE);
      await sut.run();
      expect(await answersOf(connection)).toEqual(['answer', 'answer']);
      await renewed(granted('a2', { access_token: 'a2' }));
      expect(await find()).toMatchObject({ generation: 2, state: 'active' });
      expect(await filesOfAll(connection)).toEqual([]);
    });

    it('should stay, whatever is adopted later, where it can be sent once', async () => {
      await renewed(UNREADABLE);
      await timePasses(connection.id, 100);
      await renewed(granted('a3', { refresh_token: 'r3' }));
      expect(await find()).toMatchObject({ generation: 2, state: 'active' });
      await renewed(granted('a4', { refresh_token: 'r4' }));
      await sut.run();
      expect(await answersOf(connection)).toEqual(['answer']);
    });

    it('should lose none that came later than the one that is adopted, once the configuration is mended', async () => {
      connection = await newRolling();
      const older = await openRolling();
      await leave(older, newAnswer({ data: { token: 'a2' } }), 2000);
      await sut.run();
      const later = await openRolling();
      await leave(later, newAnswer({ data: { token: 'a3' } }), 1000);
      await sut.run();
      expect(await answersOf(connection)).toEqual(['answer', 'answer']);
      const settings = { paths: { access_token: 'data.token' } };
      await replica.module.get(ConnectionService).patch(SYSTEM, connection, { settings });
      await sut.run();
      expect((await find()).token?.accessToken.reveal()).toBe('a2');
      expect(await sql('select id from spares where connection_id = $1', [connection.id])).toEqual([{ id: later.id }]);
      expect(await answersOf(connection)).toEqual([]);
    });
  });
});
