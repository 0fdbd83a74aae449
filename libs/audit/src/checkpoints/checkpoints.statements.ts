/**
 * $1 replica · $2 milliseconds. The right to sign, taken where it is free, ours, or one that no replica can have: every lease is written by
 * this clock, so that none ends later than its length from now, and a second for a clock that is set back. The number of the newest
 * checkpoint is its fence: who holds an old lease signs a number that is taken. `unsigned`: it is another's, and a head is not marked as
 * signed. `present` is false where somebody removed the row.
 */
export const TAKE_LEASE = `
WITH taken AS (
  UPDATE audit_signer SET replica = $1::uuid, expires_at = clock_timestamp() + $2::int * interval '1 millisecond'
  WHERE id = 1 AND (replica = $1::uuid OR expires_at < clock_timestamp()
    OR expires_at > clock_timestamp() + ($2::int + 1000) * interval '1 millisecond')
  RETURNING id
)
SELECT EXISTS (SELECT FROM taken) AS mine, EXISTS (SELECT FROM audit_signer WHERE id = 1) AS present,
  (SELECT max(number) FROM audit_checkpoints) AS newest,
  NOT EXISTS (SELECT FROM taken) AND EXISTS (SELECT FROM audit_streams WHERE head_seq > checkpoint_seq) AS unsigned`;

/** $1 replica. Another one may sign at once. */
export const FREE_LEASE = `UPDATE audit_signer SET expires_at = '-infinity' WHERE id = 1 AND replica = $1::uuid`;

/** One statement, so one snapshot: the newest checkpoint, and the heads that are not marked as signed. */
export const LOOK = `
SELECT clock_timestamp() AS now, newest.body, newest.signature, (
  SELECT coalesce(json_agg(json_build_object('id', id::text, 'seq', head_seq, 'hash', encode(head_hash, 'hex')) ORDER BY id), '[]')
  FROM audit_streams WHERE head_seq > checkpoint_seq) AS heads
FROM (SELECT) AS always LEFT JOIN LATERAL (
  SELECT body, signature FROM audit_checkpoints ORDER BY number DESC LIMIT 1) AS newest ON TRUE`;

/**
 * Marks heads as signed by checkpoint $1: $2 streams, $3 their heads. A stream whose row is busy is left for the next time, so that this
 * waits for no append, and none waits for a slow one of another replica.
 */
export const MARK_HEADS = `
WITH free AS MATERIALIZED (SELECT id FROM audit_streams WHERE id = ANY($2::bigint[]) FOR NO KEY UPDATE SKIP LOCKED)
UPDATE audit_streams AS stream SET checkpoint_seq = head.seq, checkpoint_number = $1::bigint
FROM unnest($2::bigint[], $3::bigint[]) AS head (id, seq) JOIN free ON free.id = head.id
WHERE stream.id = head.id AND stream.checkpoint_seq < head.seq`;

/** As MARK_HEADS, with the checkpoint: $4 at · $5 key · $6 text · $7 signature · $8 retired before. Fails where its number is taken. */
export const INSERT_CHECKPOINT = MARK_HEADS.replace(
  'WITH',
  `WITH written AS (
  INSERT INTO audit_checkpoints (number, at, key_id, body, signature, retired_before)
  VALUES ($1::bigint, $4::timestamptz, $5::text, $6::text, $7::bytea, $8::date)
),`,
);
