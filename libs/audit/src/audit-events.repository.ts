import { Database, type Statement } from '@app/database';
import { Injectable } from '@nestjs/common';
import type { Position } from './cursor.js';
import type { AuditQuery, RecordedEvent } from './search.js';

const COLUMNS = `stream, seq, at, action, outcome, actor, caller, key_id, provider, connection, generation, request_id,
  client_ip, upstream_status, reason, duration_ms, token_fingerprint, fields, count`;

/** Every condition there is; `?` is replaced by its parameter's place. No text of a request ever becomes SQL. */
const CONDITIONS = {
  from: 'at >= to_timestamp(?::double precision / 1000)',
  to: 'at < to_timestamp(?::double precision / 1000)',
  action: 'action = ?',
  outcome: 'outcome = ?',
  caller: 'caller = ?',
  provider: 'provider = ?',
  connection: 'connection = ?',
  requestId: 'request_id = ?',
} as const satisfies Partial<Record<keyof AuditQuery, string>>;

interface Row {
  readonly stream: string;
  readonly seq: string;
  readonly at: Date;
  readonly action: string;
  readonly outcome: string;
  readonly actor: string;
  readonly caller: string | null;
  readonly key_id: string | null;
  readonly provider: string | null;
  readonly connection: string | null;
  readonly generation: number | null;
  readonly request_id: string | null;
  readonly client_ip: string | null;
  readonly upstream_status: number | null;
  readonly reason: string | null;
  readonly duration_ms: number | null;
  readonly token_fingerprint: string | null;
  readonly fields: readonly string[];
  readonly count: number;
}

/** Reads `audit_events`, over the pool of ordinary requests: a search never delays an append. */
@Injectable()
export class AuditEventsRepository {
  constructor(private readonly database: Database) {}

  /** At most `limit` events that meet the query, newest first, all of them older than `after` where it is given. */
  async find(query: AuditQuery, after: Position | undefined, limit: number): Promise<readonly RecordedEvent[]> {
    const rows = await this.database.query<Row>(statement(query, after, limit));
    return rows.map(toEvent);
  }
}

function statement(query: AuditQuery, after: Position | undefined, limit: number): Statement {
  const values: unknown[] = [];
  const place = (value: unknown): string => `$${values.push(value)}`;
  const conditions = Object.entries(CONDITIONS).flatMap(([name, sql]) => {
    const value = query[name as keyof typeof CONDITIONS];
    return value === undefined ? [] : [sql.replace('?', () => place(value))];
  });
  if (after) {
    const time = `to_timestamp(${place(after.at)}::double precision / 1000)`;
    conditions.push(`(at, stream, seq) < (${time}, ${place(after.stream)}::bigint, ${place(after.seq)}::bigint)`);
  }
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
  const text = `SELECT ${COLUMNS} FROM audit_events ${where}
    ORDER BY at DESC, stream DESC, seq DESC LIMIT ${place(limit)}::int`;
  return { text, values };
}

const toEvent = (row: Row): RecordedEvent => ({
  stream: row.stream,
  seq: row.seq,
  at: row.at,
  action: row.action,
  outcome: row.outcome,
  actor: { type: row.actor, caller: row.caller, keyId: row.key_id },
  provider: row.provider,
  connection: row.connection,
  generation: row.generation,
  requestId: row.request_id,
  clientIp: row.client_ip,
  upstreamStatus: row.upstream_status,
  reason: row.reason,
  durationMs: row.duration_ms,
  tokenFingerprint: row.token_fingerprint,
  fields: row.fields,
  count: row.count,
});
