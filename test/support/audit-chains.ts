import { VerificationRepository, verifyLog } from '@app/audit';
import { Secret } from '@app/common';
import { Database } from '@app/database';
import { expect } from '@jest/globals';
import type { TestBroker } from './broker.js';
import { libraryConfig } from './library.js';
import { sql } from './test-database.js';

/** A stream as the database itself sees it. */
export interface ChainedStream {
  readonly stream: string;
  readonly replica: string;
  readonly rows: number;
  /** What is wrong with it; none where the chain is whole. */
  readonly faults: readonly string[];
}

/** Runs one statement on the database whose log is looked at. */
export type Sql = <Row extends object>(text: string) => Promise<readonly Row[]>;

/**
 * Every stream, in the order of their opening: rows numbered from 1 without a gap, each hashed over the one before, the last one
 * the head, times never running backwards, and beside each text nothing but what it says.
 */
const STREAMS = `
WITH chained AS (
  SELECT e.*, e.body::jsonb AS line, lag(e.hash) OVER w AS before, lag(e.at) OVER w AS earlier, row_number() OVER w AS place
  FROM audit_events e WINDOW w AS (PARTITION BY e.stream ORDER BY e.seq)
), judged AS (
  SELECT c.stream, c.seq, c.hash, array_remove(ARRAY[
    CASE WHEN s.id IS NULL THEN 'its stream is not there' END,
    CASE WHEN c.seq <> c.place THEN 'a gap before' END,
    CASE WHEN c.hash <> audit_link(coalesce(c.before, audit_genesis(s.id, s.replica)), c.seq, c.body) THEN 'another hash' END,
    CASE WHEN c.at < c.earlier THEN 'earlier than the one before' END,
    CASE WHEN c.body ~ E'[\\n\\r]' THEN 'more than one line' END,
    CASE WHEN c.line->>'id' IS DISTINCT FROM c.stream || '-' || c.seq OR (c.line->>'at')::timestamptz <> c.at THEN 'another place' END,
    CASE WHEN (c.line->>'action', c.line->>'outcome', c.line->>'caller', c.line->>'provider', c.line->>'connection',
      c.line->>'request_id', c.line->>'token_fingerprint') IS DISTINCT FROM
      (c.action, c.outcome, c.caller, c.provider, c.connection, c.request_id, c.token_fingerprint) THEN 'columns of another text' END
  ], NULL) AS faults
  FROM chained c LEFT JOIN audit_streams s ON s.id = c.stream
), ends AS (
  SELECT coalesce(s.id, r.stream) AS stream, s.replica, s.head_seq, s.head_hash, s.closed_at, coalesce(r.rows, 0) AS rows,
    r.last, coalesce(r.faults, '{}') AS faults
  FROM audit_streams s FULL JOIN (
    SELECT stream, count(*)::int AS rows, (array_agg(hash ORDER BY seq DESC))[1] AS last,
      array_agg(format('%s: %s', seq, array_to_string(faults, ', ')) ORDER BY seq) FILTER (WHERE cardinality(faults) > 0) AS faults
    FROM judged GROUP BY stream
  ) r ON r.stream = s.id
)
SELECT stream::text, replica::text, rows, faults || array_remove(ARRAY[
  CASE WHEN head_seq <> rows THEN format('the head is at %s of %s rows', head_seq, rows) END,
  CASE WHEN rows > 0 AND last <> head_hash THEN 'the head is of another hash' END,
  CASE WHEN rows = 0 AND (closed_at IS NULL OR head_hash <> audit_genesis(stream, replica)) THEN 'no rows, and not ended before its first' END
], NULL) AS faults
FROM ends ORDER BY ends.stream`;

/** Every stream of the log and what is wrong with it. */
export const auditStreams = (run: Sql = sql): Promise<readonly ChainedStream[]> => run<ChainedStream>(STREAMS);

/** Fails unless every chain is whole. Gives the number of rows of each stream that has any. */
export async function expectWholeChains(run: Sql = sql): Promise<readonly number[]> {
  const streams = await auditStreams(run);
  expect(streams.filter(({ faults }) => faults.length > 0)).toEqual([]);
  return streams.map(({ rows }) => rows).filter((rows) => rows > 0);
}

/** Fails unless the log of the test file's database verifies, which nobody has signed. */
export async function expectVerified(): Promise<void> {
  const database = new Database({ ...libraryConfig, databaseUrl: new Secret(process.env['DATABASE_URL'] ?? '') });
  try {
    expect((await verifyLog(new VerificationRepository(database), { keys: new Map() })).fault).toBeNull();
  } finally {
    await database.close();
  }
}

/** Fails unless the broker itself finds its log whole, checkpoints and all. */
export async function expectVerifiedBy(broker: TestBroker): Promise<void> {
  const { status, body } = await broker.as().get('/audit/verify');
  expect([status, body.fault]).toEqual([200, null]);
  expect(body.checkpoints).toBeGreaterThan(0);
}
