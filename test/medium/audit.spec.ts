import { type AuditEvent, AuditLog, AuditModule } from '@app/audit';
import { ConfigModule } from '@app/config';
import { Database, DatabaseModule } from '@app/database';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { libraryConfig, SilentLogModule } from '../support/library.js';

const newEvent = (overrides: Partial<AuditEvent> = {}): AuditEvent => ({
  action: 'token.issued',
  outcome: 'ok',
  actor: { type: 'caller', caller: 'billing', keyId: 'k1' },
  provider: 'klavi',
  connection: 'acme',
  ...overrides,
});

const BREAK_INSERTS = `
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no more'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION refuse();`;
const MEND_INSERTS = 'DROP TRIGGER refuse ON audit_events; DROP FUNCTION refuse();';

/** Every stream with rows, and whether its chain is what SQL itself computes of it. */
const CHAINS = `
SELECT count(*)::int AS rows, min(seq)::int AS first, max(seq)::int AS last, bool_and(hash = audit_link(before, seq, body))
  AND max(seq) = max(head_seq) AND (array_agg(hash ORDER BY seq DESC))[1] = (array_agg(head_hash))[1] AS whole
FROM (SELECT e.*, s.head_seq, s.head_hash, lag(e.hash, 1, audit_genesis(s.id, s.replica)) OVER (PARTITION BY s.id ORDER BY e.seq) AS before
  FROM audit_streams s JOIN audit_events e ON e.stream = s.id) AS chained
GROUP BY stream ORDER BY stream`;

const outcomes = async (appends: readonly Promise<unknown>[]): Promise<{ kept: number; codes: unknown[] }> => {
  const results = await Promise.allSettled(appends);
  const refused = results.filter((result) => result.status === 'rejected');
  return {
    kept: results.length - refused.length,
    codes: [...new Set(refused.map(({ reason }) => (reason as { code?: unknown }).code))],
  };
};

describe(AuditLog.name, () => {
  let database: Database;
  let sut: AuditLog;

  const execute = (text: string): Promise<unknown> => database.requestPool.query(text);
  const select = async <Row extends object>(text: string): Promise<readonly Row[]> =>
    database.query<Row>({ text, values: [] });

  /** Streams with their number of rows: each must be numbered from 1 without a gap, chained, and end at its head. */
  const streams = async (): Promise<readonly number[]> => {
    const rows = await select<{ rows: number; first: number; last: number; whole: boolean }>(CHAINS);
    expect(rows).toEqual(rows.map(({ rows: count }) => ({ rows: count, first: 1, last: count, whole: true })));
    return rows.map(({ rows: count }) => count);
  };

  beforeEach(async () => {
    const testing = await Test.createTestingModule({
      imports: [ConfigModule.with(libraryConfig), SilentLogModule, DatabaseModule, AuditModule],
    }).compile();
    database = testing.get(Database);
    sut = testing.get(AuditLog);
    await execute('TRUNCATE audit_events, audit_streams');
  });

  afterEach(async () => {
    await sut.close();
    await database.close();
  });

  it('should commit 5 000 concurrent events in a few batches, numbered without a gap', async () => {
    const events = Array.from({ length: 5000 }, (_, index) => newEvent({ requestId: `r${index}` }));
    await Promise.all(events.map((event) => sut.append(event)));
    expect(await streams()).toEqual([5000]);
    const [found] = await select<{ requests: number; commits: number }>(
      'SELECT count(DISTINCT request_id)::int AS requests, count(DISTINCT xmin::text)::int AS commits FROM audit_events',
    );
    expect(found?.requests).toBe(5000);
    expect(found?.commits).toBeLessThanOrEqual(12);
  });

  it('should keep the order of what was handed in', async () => {
    const ids = Array.from({ length: 300 }, (_, index) => `r${index}`);
    const half = ids.slice(150).map((requestId) => newEvent({ requestId }));
    await Promise.all([
      ...ids.slice(0, 150).map((requestId) => sut.append(newEvent({ requestId }))),
      sut.appendAll(half),
    ]);
    const rows = await select<{ request_id: string }>('SELECT request_id FROM audit_events ORDER BY seq');
    expect(rows.map((row) => row.request_id)).toEqual(ids);
  });

  it('should have committed the row when it answers', async () => {
    await sut.append(newEvent({ requestId: 'r1' }));
    expect(await select('SELECT request_id, at <= clock_timestamp() AS past FROM audit_events')).toEqual([
      { request_id: 'r1', past: true },
    ]);
  });

  it('should keep every field as it was given', async () => {
    const fields = ['plain', 'with "quotes"', String.raw`back\slash`, 'comma, {brace}', '', 'NULL', 'ünïcode 😀'];
    await sut.append({
      action: 'refresh.failed',
      outcome: 'misconfigured',
      actor: { type: 'system' },
      provider: 'klearstack',
      connection: 'acme',
      generation: 7,
      requestId: `'; DROP TABLE audit_events; --`,
      clientIp: '2001:db8::1',
      upstreamStatus: 500,
      reason: 'missing_parameter',
      durationMs: 12.6,
      tokenFingerprint: 'abc',
      count: 3,
      fields,
    });
    const columns =
      'actor, caller, key_id, generation, request_id, client_ip, upstream_status, duration_ms, fields, count';
    expect(await select(`SELECT ${columns} FROM audit_lines`)).toEqual([
      {
        actor: 'system',
        caller: null,
        key_id: null,
        generation: 7,
        request_id: `'; DROP TABLE audit_events; --`,
        client_ip: '2001:db8::1',
        upstream_status: 500,
        duration_ms: 13,
        fields,
        count: 3,
      },
    ]);
  });

  it('should not let one bad event fail those beside it', async () => {
    const long = '漢'.repeat(1_000_000);
    const bad: readonly Partial<AuditEvent>[] = [
      { requestId: 'a\0b', reason: 'lone \uD83D', fields: ['\uDE00\0'] },
      { provider: long, connection: long, requestId: long, reason: long, clientIp: long, fields: [long] },
      { actor: { type: 'caller', caller: long, keyId: long } },
      { generation: Number.NaN, durationMs: Number.POSITIVE_INFINITY, upstreamStatus: 1e300, count: 0.5 },
    ];
    const events = [newEvent(), ...bad.map(newEvent), newEvent()];
    await Promise.all(events.map((event) => sut.append(event)));
    expect(await streams()).toEqual([6]);
  });

  describe('when inserts fail', () => {
    it('should refuse every event, and go on in a new stream once they work', async () => {
      await sut.append(newEvent());
      await execute(BREAK_INSERTS);
      const appends = Array.from({ length: 1000 }, () => sut.append(newEvent()));
      expect(await outcomes(appends)).toEqual({ kept: 0, codes: ['audit_unavailable'] });
      await execute(MEND_INSERTS);
      await sut.append(newEvent());
      expect(await streams()).toEqual([1, 1]);
    });

    it('should say that it is not ready until an insert works', async () => {
      await execute(BREAK_INSERTS);
      await outcomes([sut.append(newEvent())]);
      expect(await sut.isAppendable()).toBe(false);
      await execute(MEND_INSERTS);
      expect(await sut.isAppendable()).toBe(true);
      expect(await streams()).toEqual([]);
    });
  });

  describe('when the table hangs', () => {
    it('should refuse within the deadline, and recover by itself', async () => {
      await sut.append(newEvent());
      const other = await database.requestPool.connect();
      await other.query('BEGIN; LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE');
      const began = performance.now();
      expect(await outcomes([sut.append(newEvent()), sut.append(newEvent())])).toEqual({
        kept: 0,
        codes: ['audit_unavailable'],
      });
      // A statement that waits for a lock ends by itself after 10 s only.
      expect(performance.now() - began).toBeLessThan(6000);
      await other.query('ROLLBACK');
      other.release();
      await sut.append(newEvent());
      await streams();
    });
  });

  it('should survive that its connections are cut', async () => {
    await sut.append(newEvent());
    const appends = Array.from({ length: 3000 }, () => sut.append(newEvent()));
    await execute(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'claviger-audit' AND datname = current_database()`);
    const { kept } = await outcomes(appends);
    await outcomes([sut.append(newEvent())]);
    await sut.append(newEvent());
    const rows = (await streams()).reduce((sum, count) => sum + count, 0);
    expect(rows).toBeGreaterThanOrEqual(kept + 2);
  });

  it('should be ready while the table is there', async () => {
    expect(await sut.isAppendable()).toBe(true);
    await execute('ALTER TABLE audit_events RENAME TO elsewhere');
    expect(await sut.isAppendable()).toBe(false);
    await execute('ALTER TABLE elsewhere RENAME TO audit_events');
    expect(await sut.isAppendable()).toBe(true);
  });

  it('should write what was handed in before it closes', async () => {
    const appends = Array.from({ length: 2000 }, () => sut.append(newEvent()));
    await sut.close();
    await Promise.all(appends);
    expect(await streams()).toEqual([2000]);
    expect(await outcomes([sut.append(newEvent())])).toEqual({ kept: 0, codes: ['audit_unavailable'] });
  });
});
