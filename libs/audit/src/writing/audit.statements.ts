/** The number of a stream; its row is written with its first batch, so that a log that refuses every batch has no empty ones. */
export const OPEN_STREAM = `SELECT nextval(pg_get_serial_sequence('audit_streams', 'id')) AS id`;

/**
 * One statement, so one commit: the head moves on from where this writer left it, and only then the rows are there. Rows
 * are numbered in the order of the arrays, which are unrolled side by side; hashes stand side by side, texts one a line. The change mark is that of the
 * statement's own snapshot: whatever was committed before it began is seen in it.
 */
export const INSERT_BATCH = `
WITH head AS (
  INSERT INTO audit_streams AS stream (id, replica, device, head_seq, head_hash, head_at)
  SELECT $1::bigint, $2::uuid, $3::text, $7::bigint, $8::bytea, $4::timestamptz
  WHERE $5::bigint = 0 OR EXISTS (SELECT FROM audit_streams WHERE id = $1::bigint)
  ON CONFLICT (id) DO UPDATE SET head_seq = excluded.head_seq, head_hash = excluded.head_hash, head_at = excluded.head_at
  WHERE stream.head_seq = $5::bigint AND stream.head_hash = $6::bytea AND stream.closed_at IS NULL
  RETURNING TRUE
), written AS (
  INSERT INTO audit_events (stream, seq, at, action, outcome, caller, provider, connection, request_id, token_fingerprint,
    hash, body)
  SELECT $1::bigint, $5::bigint + place, $4::timestamptz, action, outcome, caller, provider, connection, request_id,
    token_fingerprint, substr($16::bytea, 32 * (place::int - 1) + 1, 32), body
  FROM (
    SELECT unnest($9::text[]), unnest($10::text[]), unnest($11::text[]), unnest($12::text[]), unnest($13::text[]),
      unnest($14::text[]), unnest($15::text[]), string_to_table($17::text, E'\\n'), generate_series(1, $7::bigint - $5::bigint)
  ) AS event (action, outcome, caller, provider, connection, request_id, token_fingerprint, body, place)
  WHERE EXISTS (SELECT FROM head)
)
SELECT EXISTS (SELECT FROM head) AS advanced, (SELECT value FROM change_mark WHERE id = 1) AS mark`;

/** Closes a stream whose row may not be there yet: a batch that is still on its way then finds it closed. */
export const SETTLE = `
INSERT INTO audit_streams AS stream (id, replica, device, head_seq, head_hash, closed_at)
VALUES ($1::bigint, $2::uuid, $3::text, 0, $4::bytea, clock_timestamp())
ON CONFLICT (id) DO UPDATE SET closed_at = coalesce(stream.closed_at, excluded.closed_at)
RETURNING head_seq AS seq, head_hash AS hash`;

export const CLOSE_STREAM = `UPDATE audit_streams SET closed_at = clock_timestamp() WHERE id = $1::bigint AND closed_at IS NULL`;

export const PROBE = `
SELECT current_setting('transaction_read_only') = 'off'
  AND has_table_privilege('audit_streams', 'INSERT') AND has_table_privilege('audit_streams', 'UPDATE')
  AND has_table_privilege('audit_events', 'INSERT') AS appendable`;
