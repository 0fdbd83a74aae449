import type { Pool, QueryConfig } from 'pg';
import type { AuditBatch, AuditStore } from './audit.store.js';
import { type AuditRow, toRow } from './row.js';

/** Client side limit of one statement, for a server that stopped answering: pg then gives the connection up. */
const PATIENCE_MS = 3000;

/**
 * The stream's row is written together with its first batch: a log that refuses every batch leaves no empty streams behind.
 * Rows are numbered in the order of the arrays; `at` is the database's clock.
 */
const INSERT_BATCH = `
WITH opened AS (
  INSERT INTO audit_streams (id, replica) VALUES ($1::bigint, $2::uuid) ON CONFLICT (id) DO NOTHING
)
INSERT INTO audit_events (stream, seq, at, action, outcome, actor, caller, key_id, provider, connection, generation,
  request_id, client_ip, upstream_status, reason, duration_ms, token_fingerprint, fields, count)
SELECT $1::bigint, $3::bigint + place - 1, clock_timestamp(), action, outcome, actor, caller, key_id, provider, connection,
  generation, request_id, client_ip, upstream_status, reason, duration_ms, token_fingerprint, fields::text[], count
FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::int[], $12::text[],
  $13::text[], $14::int[], $15::text[], $16::int[], $17::text[], $18::text[], $19::int[])
  WITH ORDINALITY AS event (action, outcome, actor, caller, key_id, provider, connection, generation, request_id, client_ip,
  upstream_status, reason, duration_ms, token_fingerprint, fields, count, place)`;

const OPEN_STREAM = `SELECT nextval(pg_get_serial_sequence('audit_streams', 'id')) AS id`;

const PROBE = `
SELECT current_setting('transaction_read_only') = 'off'
  AND has_table_privilege('audit_streams', 'INSERT') AND has_table_privilege('audit_events', 'INSERT') AS appendable`;

/** pg reads `query_timeout` of a single statement; its type declarations do not know of it. */
interface Statement extends QueryConfig<unknown[]> {
  readonly query_timeout: number;
}

/** The tables `audit_streams` and `audit_events`, written over the pool that is reserved for them. */
export class AuditRepository implements AuditStore {
  constructor(
    private readonly pool: Pool,
    private readonly replica: string,
  ) {}

  async openStream(): Promise<string> {
    const { rows } = await this.pool.query<{ id: string }>(bounded({ name: 'audit-open-stream', text: OPEN_STREAM }));
    return requireId(rows);
  }

  async insert(batch: AuditBatch): Promise<void> {
    await this.pool.query(insertStatement(this.replica, batch));
  }

  async probe(): Promise<boolean> {
    const { rows } = await this.pool.query<{ appendable: boolean }>(bounded({ name: 'audit-probe', text: PROBE }));
    return rows[0]?.appendable === true;
  }

  async rehearse(): Promise<boolean> {
    const rows = [toRow({ action: 'replica.started', outcome: 'started', actor: { type: 'system' } })];
    const batch = { stream: await this.openStream(), firstSeq: 1, rows };
    const client = await this.pool.connect();
    let broken = true;
    try {
      await client.query(bounded({ text: 'BEGIN' }));
      await client.query(insertStatement(this.replica, batch));
      await client.query(bounded({ text: 'ROLLBACK' }));
      broken = false;
      return true;
    } finally {
      // A connection that failed half-way may still be inside the transaction: it is closed, not given back.
      client.release(broken);
    }
  }
}

const bounded = (query: QueryConfig<unknown[]>): Statement => ({ ...query, query_timeout: PATIENCE_MS });

const insertStatement = (replica: string, { stream, firstSeq, rows }: AuditBatch): Statement =>
  bounded({
    name: 'audit-insert-batch',
    text: INSERT_BATCH,
    values: [stream, replica, firstSeq, ...columns(rows)],
  });

function requireId(rows: readonly { readonly id: string }[]): string {
  const [row] = rows;
  if (!row) {
    throw new Error('The sequence of audit_streams answered no number.');
  }
  return row.id;
}

/** One array a column, in the order of INSERT_BATCH. `unnest` flattens arrays of arrays, so `fields` travels as literals. */
const columns = (rows: readonly AuditRow[]): readonly unknown[] => [
  rows.map((row) => row.action),
  rows.map((row) => row.outcome),
  rows.map((row) => row.actor),
  rows.map((row) => row.caller),
  rows.map((row) => row.keyId),
  rows.map((row) => row.provider),
  rows.map((row) => row.connection),
  rows.map((row) => row.generation),
  rows.map((row) => row.requestId),
  rows.map((row) => row.clientIp),
  rows.map((row) => row.upstreamStatus),
  rows.map((row) => row.reason),
  rows.map((row) => row.durationMs),
  rows.map((row) => row.tokenFingerprint),
  rows.map((row) => arrayLiteral(row.fields)),
  rows.map((row) => row.count),
];

/** A Postgres array as text: `{"a","b"}`. */
const arrayLiteral = (values: readonly string[]): string =>
  `{${values.map((value) => `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`).join(',')}}`;
