const time = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** The columns that are compared come first, in the order of `COLUMNS`. */
const ROW = `e.action, e.outcome, e.caller, e.provider, e.connection, e.request_id, e.token_fingerprint, e.stream, e.seq,
  ${time('e.at')}, encode(e.hash, 'hex'), e.body`;

/** The next rows in the order of time, stream and number. `at >= $1` beside it lets Postgres leave out partitions. */
export const ROWS = `
SELECT ${ROW} FROM audit_events e
WHERE e.at >= $1::timestamptz AND (e.at, e.stream, e.seq) > ($1::timestamptz, $2::bigint, $3::bigint) AND e.at < $4::timestamptz
ORDER BY e.at, e.stream, e.seq LIMIT $5::int`;

export const FIND = `
SELECT ${ROW} FROM audit_events e WHERE e.stream = $1::bigint AND e.seq = $2::bigint ORDER BY e.at LIMIT 5`;

/** Read backwards from a time, where the row is near. */
export const FIND_BEFORE = `
SELECT ${ROW} FROM audit_events e WHERE e.stream = $1::bigint AND e.seq = $2::bigint AND e.at < $3::timestamptz
ORDER BY e.at DESC, e.stream DESC, e.seq DESC LIMIT 1`;

/** Heads and the newest checkpoint of one moment: a checkpoint never names a head that is not reached yet. */
export const SNAPSHOT = `
SELECT (SELECT coalesce(max(number), 0) FROM audit_checkpoints) AS last_checkpoint,
  ${time('greatest(statement_timestamp(), (SELECT max(head_at) FROM audit_streams))')} AS taken_at,
  s.id, s.replica, s.head_seq, encode(s.head_hash, 'hex') AS head_hash, ${time('s.head_at')} AS head_at, s.checkpoint_seq
FROM (VALUES (1)) AS one LEFT JOIN audit_streams s ON TRUE ORDER BY s.id`;

const CHECKPOINT = `SELECT number, ${time('at')} AS at, key_id, body, signature, retired_before::text FROM audit_checkpoints`;

export const CHECKPOINTS = `${CHECKPOINT} WHERE number > $1::bigint AND number <= $2::bigint ORDER BY number LIMIT $3::int`;

export const NEWEST_RETIREMENT = `${CHECKPOINT} WHERE retired_before IS NOT NULL ORDER BY number DESC LIMIT 1`;

export const CHECKPOINT_BEFORE = `
SELECT number FROM audit_checkpoints WHERE at < $1::timestamptz ORDER BY at DESC, number DESC LIMIT 1`;

/** Days of which no row is left, though their partition is gone or a checkpoint is of that day. */
export const EMPTY_DAYS = `
SELECT to_char(day, 'YYYY-MM-DD') AS day
FROM generate_series($1::date::timestamp, least($2::date, $1::date + 4000)::timestamp, interval '1 day') AS day,
  LATERAL (SELECT day AT TIME ZONE 'UTC' AS first, (day + interval '1 day') AT TIME ZONE 'UTC' AS next) AS bounds
WHERE NOT EXISTS (SELECT FROM audit_events WHERE at >= first AND at < next)
  AND (to_regclass('audit_events_' || to_char(day, 'YYYYMMDD')) IS NULL
    OR EXISTS (SELECT FROM audit_checkpoints WHERE at >= first AND at < next))
ORDER BY 1`;

/** In one moment every row has a stream whose head is not before it. The newest are looked at; the others are read next time. */
export const STRAYS = `
SELECT ${ROW}
FROM (SELECT * FROM audit_events WHERE at >= $1::timestamptz ORDER BY at DESC, stream DESC, seq DESC LIMIT 20000) e
  LEFT JOIN audit_streams s ON s.id = e.stream
WHERE s.id IS NULL OR e.seq > s.head_seq OR e.at > s.head_at
ORDER BY e.stream, e.seq LIMIT 10`;
