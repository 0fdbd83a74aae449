import { Database, type Statement } from '@app/database';
import { Injectable } from '@nestjs/common';
import type { Position } from './cursor.js';
import { parseBody } from './parse-body.js';
import type { AuditQuery, RecordedEvent } from './search.js';

const COLUMNS = 'stream, seq, at, body';

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
  tokenFingerprint: 'token_fingerprint = ?',
} as const satisfies Partial<Record<keyof AuditQuery, string>>;

interface Row {
  readonly stream: string;
  readonly seq: string;
  readonly at: Date;
  readonly body: string;
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

function statement(asked: AuditQuery, after: Position | undefined, limit: number): Statement {
  const values: unknown[] = [];
  const place = (value: unknown): string => `$${values.push(value)}`;
  // An index is entered at one upper end only: beside a cursor, a later `to` would have every page read all pages before.
  const cursor = after !== undefined && (asked.to === undefined || after.at < asked.to) ? after : undefined;
  const query = cursor === undefined ? asked : { ...asked, to: undefined };
  const conditions = Object.entries(CONDITIONS).flatMap(([name, sql]) => {
    const value = query[name as keyof typeof CONDITIONS];
    return value === undefined ? [] : [sql.replace('?', () => place(value))];
  });
  if (cursor) {
    const time = `to_timestamp(${place(cursor.at)}::double precision / 1000)`;
    // Said of the time alone once more, as only that rules out partitions.
    conditions.push(`at <= ${time}`);
    conditions.push(`(at, stream, seq) < (${time}, ${place(cursor.stream)}::bigint, ${place(cursor.seq)}::bigint)`);
  }
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
  const text = `SELECT ${COLUMNS} FROM audit_events ${where}
    ORDER BY at DESC, stream DESC, seq DESC LIMIT ${place(limit)}::int`;
  return { text, values };
}

const toEvent = ({ stream, seq, at, body }: Row): RecordedEvent => ({ ...parseBody(body), stream, seq, at });
