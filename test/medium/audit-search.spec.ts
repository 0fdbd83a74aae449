import { AuditEvents, type AuditQuery, AuditModule, type RecordedEvent } from '@app/audit';
import { ConfigModule } from '@app/config';
import { Database, DatabaseModule } from '@app/database';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { libraryConfig, SilentLogModule } from '../support/library.js';

const SECOND = 1000;
const BEGAN = Date.parse('2026-11-21T10:00:00Z');

/**
 * 1 000 events of two streams at ten times only, so that a hundred share each; stream 1 holds the even ones. Requests, callers, connections, actions and outcomes cycle with different periods.
 */
const FILL = `
INSERT INTO audit_streams (id, replica) VALUES (1, gen_random_uuid()), (2, gen_random_uuid());
SELECT audit_make_partitions('2026-11-21', '2026-11-21');
INSERT INTO audit_events (stream, seq, at, action, outcome, caller, provider, connection, request_id, hash, body)
SELECT stream, seq, at, action, outcome, caller, provider, connection, request_id, '\\x', jsonb_build_object('action', action,
  'outcome', outcome, 'actor', 'caller', 'caller', caller, 'key_id', 'k1', 'provider', provider, 'connection', connection,
  'request_id', request_id)
FROM (
  SELECT 1 + n % 2 AS stream, 1 + n / 2 AS seq,
    '${new Date(BEGAN).toISOString()}'::timestamptz + (n / 100) * interval '1 second' AS at,
    (ARRAY['token.issued', 'token.refused', 'refresh.failed'])[1 + n % 3] AS action,
    (ARRAY['ok', 'refused', 'unknown'])[1 + n % 3] AS outcome, 'caller-' || n % 4 AS caller,
    (ARRAY['klavi', 'onmeta'])[1 + n % 2] AS provider, 'c' || n % 5 AS connection, 'r' || n % 50 AS request_id
  FROM generate_series(0, 999) AS n
) AS events`;

const idOf = ({ stream, seq }: RecordedEvent): string => `${stream}-${seq}`;

describe(AuditEvents.name, () => {
  let database: Database;
  let sut: AuditEvents;

  /** The ids of all pages, and how many pages there were. */
  const readAll = async (query: Omit<AuditQuery, 'cursor'>): Promise<{ items: RecordedEvent[]; pages: number }> => {
    const items: RecordedEvent[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await sut.search({ ...query, cursor });
      items.push(...page.items);
      cursor = page.nextCursor ?? undefined;
      pages += 1;
    } while (cursor !== undefined);
    return { items, pages };
  };

  beforeAll(async () => {
    const testing = await Test.createTestingModule({
      imports: [ConfigModule.with(libraryConfig), SilentLogModule, DatabaseModule, AuditModule],
    }).compile();
    database = testing.get(Database);
    sut = testing.get(AuditEvents);
    await database.requestPool.query(FILL);
  });

  afterAll(() => database.close());

  it.each([1, 7, 100, 333, 999])(
    'should page over equal times without a gap or a repeat, %i at a time',
    async (limit) => {
      const { items, pages } = await readAll({ limit });
      expect(new Set(items.map(idOf)).size).toBe(1000);
      expect(items).toHaveLength(1000);
      expect(pages).toBe(Math.ceil(1000 / limit));
    },
  );

  it('should answer newest first, then by stream and sequence', async () => {
    const { items } = await readAll({ limit: 300 });
    const places = items.map(({ at, stream, seq }) => at.getTime() * 1e6 + Number(stream) * 1e4 + Number(seq));
    expect(places).toEqual(places.toSorted((left, right) => right - left));
  });

  it('should have no next page after a last one that is full', async () => {
    const { nextCursor, items } = await sut.search({ limit: 1000 });
    expect([items.length, nextCursor]).toEqual([1000, null]);
  });

  it('should not disturb a cursor by events that come later', async () => {
    const first = await sut.search({ limit: 10 });
    await database.requestPool.query(
      `INSERT INTO audit_events (stream, seq, at, action, outcome, hash, body)
       VALUES (2, 9999, now(), 'replica.stopped', 'ok', '\\x', '{}')`,
    );
    const second = await sut.search({ limit: 10, cursor: first.nextCursor ?? '' });
    await database.requestPool.query('DELETE FROM audit_events WHERE seq = 9999');
    const whole = await sut.search({ limit: 20 });
    expect([...first.items, ...second.items].map(idOf)).toEqual(whole.items.map(idOf));
  });

  it('should heed the earlier of `to` and a cursor', async () => {
    const { nextCursor } = await sut.search({ limit: 150 });
    const cursor = nextCursor ?? '';
    const idsOf = async (query: Partial<AuditQuery>): Promise<string[]> =>
      (await sut.search({ limit: 1000, ...query })).items.map(idOf);
    expect(await idsOf({ cursor, to: BEGAN + 2 * SECOND })).toEqual(await idsOf({ to: BEGAN + 2 * SECOND }));
    expect(await idsOf({ cursor, to: BEGAN + 9 * SECOND })).toEqual(await idsOf({ cursor }));
    expect(await idsOf({ cursor })).toHaveLength(850);
  });

  it.each<[string, Partial<AuditQuery>, number]>([
    ['action', { action: 'token.refused' }, 333],
    ['outcome', { outcome: 'ok' }, 334],
    ['caller', { caller: 'caller-3' }, 250],
    ['provider', { provider: 'onmeta' }, 500],
    ['connection', { connection: 'c2' }, 200],
    ['request id', { requestId: 'r49' }, 20],
    ['all at once', { action: 'token.issued', caller: 'caller-0', provider: 'klavi', connection: 'c0' }, 17],
    ['from, itself included', { from: BEGAN + 9 * SECOND }, 100],
    ['from, one millisecond later', { from: BEGAN + 9 * SECOND + 1 }, 0],
    ['to, itself excluded', { to: BEGAN + SECOND }, 100],
    ['to, one millisecond later', { to: BEGAN + SECOND + 1 }, 200],
    ['from and to', { from: BEGAN + SECOND, to: BEGAN + 3 * SECOND }, 200],
    ['nothing that exists', { caller: `'; DROP TABLE audit_events; --` }, 0],
    ['times at the ends of the calendar', { from: Date.UTC(0, 0) - 62e12, to: Date.UTC(9999, 11) }, 1000],
  ])('should filter by %s', async (_what, query, count) => {
    const { items } = await readAll({ ...query, limit: 30 });
    expect(new Set(items.map(idOf)).size).toBe(count);
    expect(items).toHaveLength(count);
  });

  it('should show an event as it was recorded', async () => {
    const { items } = await sut.search({ limit: 1, requestId: 'r0', provider: 'klavi', to: BEGAN + 1 });
    expect(items).toEqual([
      {
        stream: '1',
        seq: '26',
        at: new Date(BEGAN),
        action: 'refresh.failed',
        outcome: 'unknown',
        actor: { type: 'caller', caller: 'caller-2', keyId: 'k1' },
        provider: 'klavi',
        connection: 'c0',
        generation: null,
        requestId: 'r0',
        clientIp: null,
        upstreamStatus: null,
        reason: null,
        durationMs: null,
        tokenFingerprint: null,
        tokenExpiresAt: null,
        fields: [],
        count: 1,
        device: 'database',
      },
    ]);
  });

  it('should refuse a cursor that is not its own', async () => {
    await expect(sut.search({ limit: 10, cursor: 'bm90IG91cnM' })).rejects.toMatchObject({
      code: 'invalid_request',
      facts: { errors: [{ field: 'cursor' }] },
    });
  });
});
