/** The last days that partitions are made for are so many days ahead. */
const AHEAD_DAYS = 7;

/** From yesterday, for a replica whose time is a little behind, to a week ahead. */
export const MAKE_PARTITIONS = `
SELECT audit_make_partitions(today - 1, today + ${AHEAD_DAYS}) AS made FROM (SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date) AS t (today)`;

/**
 * $1 days to keep, null for all. `before` is the first day that is kept, `retired` the newest one that a checkpoint says so of, `oldest`
 * the oldest that has a partition.
 */
export const LOOK = `
SELECT to_char((clock_timestamp() AT TIME ZONE 'UTC')::date - $1::int, 'YYYY-MM-DD') AS before,
  (SELECT to_char(max(retired_before), 'YYYY-MM-DD') FROM audit_checkpoints) AS retired,
  (SELECT to_char(to_date(min(right(c.relname, 8)), 'YYYYMMDD'), 'YYYY-MM-DD') FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
   WHERE i.inhparent = 'audit_events'::regclass AND c.relname ~ '^audit_events_\\d{8}$') AS oldest`;

export const STREAMS = `
SELECT id::text, replica, head_seq::float8, head_hash, head_at, closed_at, checkpoint_seq::float8, checkpoint_number::float8
FROM audit_streams`;

/** The newest checkpoint that carries a retirement. */
export const NEWEST_RETIREMENT = `
SELECT body, signature FROM audit_checkpoints WHERE retired_before IS NOT NULL ORDER BY retired_before DESC, number DESC LIMIT 1`;

/** $1 boundary. */
export const LAST_CHECKPOINT = `
SELECT number::float8, body, signature FROM audit_checkpoints WHERE at < $1::timestamptz ORDER BY at DESC, number DESC LIMIT 1`;

/** $1 day. Numbers and times run together inside a stream, so both are read off the primary key. */
export const LAST_ROWS = `
WITH last AS (
  SELECT stream, max(at) AS at, max(seq) AS seq FROM audit_events
  WHERE at >= $1::date::timestamp AT TIME ZONE 'UTC' AND at < ($1::date + 1)::timestamp AT TIME ZONE 'UTC' GROUP BY stream
)
SELECT stream::text, seq::float8, hash FROM last JOIN audit_events USING (at, stream, seq)`;

/** $1 day. */
export const DROP_BEFORE = `SELECT audit_drop_before($1::date) AS gone`;

/** Whether this database user could change what is in the log. */
export const MAY_CHANGE = `
SELECT bool_or(pg_has_role(c.relowner, 'USAGE') OR has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')) AS may_change
FROM pg_class c
WHERE c.oid IN ('audit_events'::regclass, 'audit_checkpoints'::regclass)
  OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'audit_events'::regclass)`;
