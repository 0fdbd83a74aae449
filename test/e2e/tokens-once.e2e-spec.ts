import { Envelopes } from '@app/crypto';
import { Database } from '@app/database';
import { AttemptRecorder, Housekeeping, Scheduler } from '@app/tokens';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { IssueOptions, Sandbox } from '../../apps/sandbox/src/index.js';
import { startBroker, type TestBroker } from '../support/broker.js';
import { broughtToken, connect, forgetHeld } from '../support/connect.js';
import { eventually } from '../support/eventually.js';
import { startTestSandbox } from '../support/sandbox.js';
import { sql } from '../support/test-database.js';
import { type Asked, type TokenAnswer, TokenClient } from '../support/token-client.js';

const PROVIDERS = ['onmeta', 'monetate', 'klearstack', 'klavi', 'berbix'] as const;

/** Statements of the feed of changes and of the last use of keys, which run by themselves now and then. */
const BACKGROUND: ReadonlySet<string> = new Set([
  'change-mark',
  'marked-changes',
  'connection-changed',
  'record-api-key-use',
  'replica-beat',
  'key-all',
]);

let sandbox: Sandbox;
let broker: TestBroker;
let service: TokenClient;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  broker = await startBroker();
  // Nothing is renewed unless somebody asks, and nothing is looked after beside it.
  await broker.app.get(Scheduler).stop();
  await broker.app.get(Housekeeping).stop();
  service = new TokenClient(broker, await broker.keyFor(['*/*']));
});

afterAll(async () => {
  await service?.close();
  await broker?.stop();
  await sandbox?.close();
});

let made = 0;

/** A connection of its own and what is asked of it. */
const newConnection = async (provider: string, options: IssueOptions & { readonly token?: object } = {}) => {
  made += 1;
  const connection = `c-${made}`;
  const { id } = await connect({ broker, sandbox }, provider, connection, options);
  return {
    id,
    connection,
    get: (asked: Asked = {}) => service.get(provider, { connection, ...asked }),
    post: (asked: Asked = {}) => service.post(provider, { connection, ...asked }),
    requests: () => sandbox.requests({ credential: id }),
    issuedTo: () =>
      sql<{ count: number }>(
        `select count(*)::int as count from audit_events where action = 'token.issued' and connection = $1`,
        [connection],
      ),
  };
};

const allAttempts = () => sql('select * from attempts order by id');

const nameOf = (statement: unknown): string => String((Object(statement) as { name?: string }).name);

const distinct = (answers: readonly TokenAnswer[], member: 'access_token' | 'generation' | 'source') =>
  new Set(answers.map(({ body }) => body[member]));

describe('200 concurrent callers of an expired token → one provider request', () => {
  it.each(PROVIDERS)('should hold for %s', async (provider) => {
    const sut = await newConnection(provider, { token: broughtToken('expired', 3600) });
    await sql(`update connections set token_expires_at = clock_timestamp() - interval '1 second' where name = $1`, [
      sut.connection,
    ]);
    const asked = Array.from({ length: 200 }, (_, index) => (index % 2 ? sut.get() : sut.post()));
    const answers = await Promise.all(asked);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(distinct(answers, 'generation')).toEqual(new Set([2]));
    const [accessToken = ''] = distinct(answers, 'access_token');
    expect(distinct(answers, 'access_token').size).toBe(1);
    expect(sandbox.lookup(String(accessToken))).toMatchObject({ live: true, credential: sut.id });
    expect(sut.requests()).toHaveLength(1);
    expect(await sut.issuedTo()).toEqual([{ count: 200 }]);
  });
});

describe("`min_ttl` beyond the provider's lifetime does not cause a second refresh", () => {
  it('should give the longest-lived token there is, with a warning', async () => {
    const sut = await newConnection('klavi');
    const first = await sut.get({ min_ttl: 7200 });
    const warnings = [{ code: 'min_ttl_unsatisfied', detail: expect.stringContaining('7200 s') }];
    expect(first).toMatchObject({ status: 200, body: { generation: 2, source: 'refresh', warnings } });
    const more = await Promise.all(Array.from({ length: 20 }, () => sut.get({ min_ttl: 7200 })));
    expect(distinct(more, 'source')).toEqual(new Set(['cache']));
    expect(more[0]?.body).toMatchObject({ access_token: first.body.access_token, warnings });
    expect(sut.requests()).toHaveLength(1);
  });

  it.each([1795, 1796, 1800, 1801])('should hold for %d s of 1800 also when the token is not new', async (min_ttl) => {
    const sut = await newConnection('klavi');
    await sut.get();
    await sql(
      `update connections set token_issued_at = token_issued_at - interval '1 minute',
         token_expires_at = token_expires_at - interval '1 minute' where name = $1`,
      [sut.connection],
    );
    await forgetHeld(broker, 'klavi');
    const { body } = await sut.get({ min_ttl });
    const renewed = min_ttl <= 1795;
    expect(body.generation).toBe(renewed ? 3 : 2);
    expect(sut.requests()).toHaveLength(renewed ? 2 : 1);
    expect((await sut.get({ min_ttl })).body).toMatchObject({ generation: body.generation, source: 'cache' });
  });

  it('should renew, once, for a caller who needs longer than what is left', async () => {
    const sut = await newConnection('klavi', { token: broughtToken('short', 300) });
    expect((await sut.get({ min_ttl: 200 })).body).toMatchObject({ access_token: 'short', warnings: [] });
    const answers = await Promise.all(Array.from({ length: 20 }, () => sut.get({ min_ttl: 600 })));
    expect(distinct(answers, 'generation')).toEqual(new Set([2]));
    expect(answers[0]?.body.warnings).toEqual([]);
    expect(sut.requests()).toHaveLength(1);
  });
});

describe('1 000 reports of one `rejected_generation` → one refresh', () => {
  it('should give everybody the same newer token', async () => {
    const sut = await newConnection('onmeta');
    const { body: refused } = await sut.get();
    const reports = Array.from({ length: 1000 }, () => sut.post({ rejected_generation: refused.generation }));
    const answers = await Promise.all(reports);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(distinct(answers, 'generation')).toEqual(new Set([refused.generation + 1]));
    expect(distinct(answers, 'access_token')).not.toContain(refused.access_token);
    expect(distinct(answers, 'access_token').size).toBe(1);
    expect(sut.requests()).toHaveLength(2);
    expect(await sut.issuedTo()).toEqual([{ count: 1001 }]);
  });

  it('should answer later reports of it, and of generations that never were, with the token there is', async () => {
    const sut = await newConnection('onmeta');
    await sut.get();
    const { body } = await sut.post({ rejected_generation: 2 });
    for (const rejected_generation of [0, 1, 2, 4, 2_147_483_647]) {
      const answer = await sut.post({ rejected_generation });
      expect(answer.body).toMatchObject({ access_token: body.access_token, generation: 3, source: 'cache' });
    }
    expect(sut.requests()).toHaveLength(2);
  });
});

describe('a cached read', () => {
  it('should write nothing but its audit row, lock nothing, decrypt nothing and ask no provider', async () => {
    const sut = await newConnection('berbix');
    const database = broker.app.get(Database);
    const spies = [jest.spyOn(database, 'query'), jest.spyOn(database, 'adopt'), jest.spyOn(database, 'transaction')];
    const statements = () => spies.flatMap(({ mock }) => mock.calls.map(([asked]) => nameOf(asked)));
    // By then every replica has noticed that the connection was made, and forgotten what it knew.
    await eventually(() => expect(statements().filter((name) => name === 'change-mark').length).toBeGreaterThan(1));
    await sut.get();
    // The row of the refresh that this took is written a moment later.
    await broker.app.get(AttemptRecorder).settle();
    const written = () => sql('select xmin::text, xmax::text, * from connections where name = $1', [sut.connection]);
    const before = [await written(), await allAttempts()];
    spies.forEach((spy) => spy.mockClear());
    const opened = jest.spyOn(broker.app.get(Envelopes, { strict: false }), 'open');
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => (index % 2 ? sut.get() : sut.post())));
    expect(distinct(answers, 'source')).toEqual(new Set(['cache']));
    expect(opened).not.toHaveBeenCalled();
    expect(statements().filter((name) => !BACKGROUND.has(name))).toEqual([]);
    jest.restoreAllMocks();
    expect([await written(), await allAttempts()]).toEqual(before);
    expect(await sut.issuedTo()).toEqual([{ count: 51 }]);
    expect(sut.requests()).toHaveLength(1);
  });
});
