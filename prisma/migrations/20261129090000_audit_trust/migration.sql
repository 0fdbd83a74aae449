-- The audit log as chains of hashes, in partitions of a day. Nothing of it can be said in schema.prisma but the streams,
-- so the table of events is described here only.

-- The head of a stream: its newest row. `checkpoint_seq` is the head that the newest signed checkpoint names.
ALTER TABLE "audit_streams"
  ADD COLUMN "device" TEXT NOT NULL DEFAULT 'database',
  ADD COLUMN "head_seq" BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN "head_hash" BYTEA NOT NULL DEFAULT '\x',
  ADD COLUMN "head_at" TIMESTAMPTZ(3),
  ADD COLUMN "closed_at" TIMESTAMPTZ(3),
  ADD COLUMN "checkpoint_seq" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "audit_streams" ADD CONSTRAINT "audit_streams_device_check" CHECK ("device" IN ('database', 'local'));
-- Every batch updates its stream's row: room on the page keeps those updates in place.
ALTER TABLE "audit_streams" SET (fillfactor = 50);

-- What a stream's first row is chained to.
CREATE FUNCTION audit_genesis(stream BIGINT, replica UUID) RETURNS BYTEA
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT sha256(convert_to(format(E'claviger audit stream v1\n%s\n%s\n', stream, replica), 'UTF8')) $$;

-- The hash of a row: of the row's before it, its number (8 bytes, big endian) and its text.
CREATE FUNCTION audit_link(previous BYTEA, seq BIGINT, body TEXT) RETURNS BYTEA
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT sha256(previous || int8send(seq) || convert_to(body, 'UTF8')) $$;

ALTER TABLE "audit_events" RENAME TO "audit_events_unchained";
ALTER INDEX "audit_events_pkey" RENAME TO "audit_events_unchained_pkey";
ALTER INDEX "audit_events_at_stream_seq_idx" RENAME TO "audit_events_unchained_at_idx";
DROP INDEX "audit_events_caller_at_idx";
DROP INDEX "audit_events_provider_connection_at_idx";

-- One line of the log. `body` is the exact text that was hashed and says everything; the columns beside it are what it is
-- looked for by.
CREATE TABLE "audit_events" (
  "stream" BIGINT NOT NULL,
  "seq" BIGINT NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "action" TEXT NOT NULL,
  "outcome" TEXT NOT NULL,
  "caller" TEXT,
  "provider" TEXT,
  "connection" TEXT,
  "request_id" TEXT,
  "token_fingerprint" TEXT,
  "hash" BYTEA NOT NULL,
  "body" TEXT NOT NULL,
  CONSTRAINT "audit_events_pkey" PRIMARY KEY ("at", "stream", "seq")
) PARTITION BY RANGE ("at");

-- Each serves one condition of a search, newest first; what nearly every row has is not worth an entry. A connection is
-- looked for by both its names, and where both are frequent but never met together, reading one of them would read the
-- whole log. Columns behind the place serve conditions beside the first: they are judged without a look at the rows. What
-- no issued token has an entry in may be wide.
CREATE INDEX "audit_events_caller_idx" ON "audit_events" ("caller", "at", "stream", "seq") WHERE "caller" IS NOT NULL;
CREATE INDEX "audit_events_provider_idx" ON "audit_events" ("provider", "at", "stream", "seq") WHERE "provider" IS NOT NULL;
CREATE INDEX "audit_events_connection_idx" ON "audit_events" ("connection", "at", "stream", "seq")
  WHERE "connection" IS NOT NULL;
CREATE INDEX "audit_events_provider_connection_idx" ON "audit_events" ("provider", "connection", "at", "stream", "seq")
  WHERE "provider" IS NOT NULL AND "connection" IS NOT NULL;
CREATE INDEX "audit_events_action_idx" ON "audit_events" ("action", "at", "stream", "seq", "provider", "connection")
  WHERE "action" <> 'token.issued';
CREATE INDEX "audit_events_caller_action_idx" ON "audit_events" ("caller", "action", "at", "stream", "seq")
  WHERE "caller" IS NOT NULL AND "action" <> 'token.issued';
CREATE INDEX "audit_events_outcome_idx" ON "audit_events" ("outcome", "at", "stream", "seq", "caller", "provider", "connection")
  WHERE "outcome" <> 'ok';
CREATE INDEX "audit_events_request_id_idx" ON "audit_events" ("request_id") WHERE "request_id" IS NOT NULL;
CREATE INDEX "audit_events_token_fingerprint_idx" ON "audit_events" ("token_fingerprint", "at", "stream", "seq")
  WHERE "token_fingerprint" IS NOT NULL;

-- Makes the partitions of these days (UTC) that are not there. A partition is attached, not created in place, because
-- that lets appends go on. It runs as its owner: the application's role need not own the log.
CREATE FUNCTION audit_make_partitions(first DATE, last DATE) RETURNS INTEGER
  LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
  AS $$
DECLARE
  day DATE;
  partition TEXT;
  grantee TEXT;
  made INTEGER := 0;
BEGIN
  IF last - first > 4000 THEN
    RAISE EXCEPTION 'audit_make_partitions: % to % are too many days', first, last;
  END IF;
  -- Replicas take turns.
  PERFORM pg_advisory_xact_lock(7201603);
  FOR day IN SELECT generate_series(first, last, interval '1 day')::date LOOP
    partition := 'audit_events_' || to_char(day, 'YYYYMMDD');
    CONTINUE WHEN to_regclass(quote_ident(partition)) IS NOT NULL;
    EXECUTE format('CREATE TABLE %I (LIKE audit_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition);
    -- Partitions are reached through the log only, whatever default privileges say.
    FOR grantee IN SELECT DISTINCT CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END
      FROM pg_class c, aclexplode(c.relacl) AS acl WHERE c.oid = to_regclass(quote_ident(partition)) AND acl.grantee <> c.relowner
    LOOP
      EXECUTE format('REVOKE ALL ON %I FROM %s', partition, grantee);
    END LOOP;
    EXECUTE format('ALTER TABLE audit_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
      partition, to_char(day, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(day + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;

-- The rows of before, chained as they stand.
DO $$
DECLARE
  event RECORD;
  body TEXT;
  link BYTEA;
  stream BIGINT := 0;
BEGIN
  PERFORM audit_make_partitions(
    coalesce((SELECT min(at AT TIME ZONE 'UTC')::date FROM audit_events_unchained), (now() AT TIME ZONE 'UTC')::date),
    greatest((SELECT max(at AT TIME ZONE 'UTC')::date FROM audit_events_unchained), (now() AT TIME ZONE 'UTC')::date + 7));
  FOR event IN
    SELECT e.*, s.replica, max(e.at) OVER (PARTITION BY e.stream ORDER BY e.seq) AS chained_at
    FROM audit_events_unchained e JOIN audit_streams s ON s.id = e.stream ORDER BY e.stream, e.seq
  LOOP
    IF event.stream <> stream THEN
      stream := event.stream;
      link := audit_genesis(stream, event.replica);
    END IF;
    body := jsonb_strip_nulls(jsonb_build_object(
      'id', event.stream || '-' || event.seq, 'at', to_char(event.chained_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'action', event.action, 'outcome', event.outcome, 'actor', event.actor, 'caller', event.caller, 'key_id', event.key_id,
      'provider', event.provider, 'connection', event.connection, 'generation', event.generation,
      'request_id', event.request_id, 'client_ip', event.client_ip, 'upstream_status', event.upstream_status,
      'reason', event.reason, 'duration_ms', event.duration_ms, 'token_fingerprint', event.token_fingerprint,
      'fields', CASE WHEN cardinality(event.fields) > 0 THEN to_jsonb(event.fields) END,
      'count', CASE WHEN event.count <> 1 THEN event.count END))::text;
    link := audit_link(link, event.seq, body);
    INSERT INTO audit_events VALUES (event.stream, event.seq, event.chained_at, event.action, event.outcome, event.caller,
      event.provider, event.connection, event.request_id, event.token_fingerprint, link, body);
    UPDATE audit_streams SET head_seq = event.seq, head_hash = link, head_at = event.chained_at WHERE id = event.stream;
  END LOOP;
  -- Their writers know of no chain. Whoever still runs fails closed, as its statement names columns that are gone.
  UPDATE audit_streams SET closed_at = now(), head_hash = CASE WHEN head_seq = 0 THEN audit_genesis(id, replica) ELSE head_hash END;
END $$;
DROP TABLE "audit_events_unchained";

-- The log for people: every field of every event.
CREATE VIEW "audit_lines" AS
SELECT e.stream, e.seq, e.at, e.action, e.outcome, line->>'actor' AS actor, e.caller, line->>'key_id' AS key_id, e.provider,
  e.connection, (line->>'generation')::int AS generation, e.request_id, line->>'client_ip' AS client_ip,
  (line->>'upstream_status')::int AS upstream_status, line->>'reason' AS reason, (line->>'duration_ms')::int AS duration_ms,
  e.token_fingerprint, (line->>'token_expires_at')::timestamptz AS token_expires_at, line->>'device' AS device,
  coalesce(line->'fields', '[]') AS fields, coalesce((line->>'count')::int, 1) AS count
FROM audit_events e CROSS JOIN LATERAL (SELECT e.body::jsonb AS line) AS parsed;

-- Signed heads of the streams, each chained to the one before. `body` is the exact text that was signed.
CREATE TABLE "audit_checkpoints" (
  "number" BIGINT NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "key_id" TEXT NOT NULL,
  "body" TEXT NOT NULL,
  "signature" BYTEA NOT NULL,
  "retired_before" DATE,
  CONSTRAINT "audit_checkpoints_pkey" PRIMARY KEY ("number")
);
CREATE INDEX "audit_checkpoints_at_idx" ON "audit_checkpoints" ("at");

-- One row: which replica signs now.
CREATE TABLE "audit_signer" (
  "id" INTEGER NOT NULL DEFAULT 1,
  "replica" UUID,
  "expires_at" TIMESTAMPTZ(3) NOT NULL DEFAULT '-infinity',
  CONSTRAINT "audit_signer_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "audit_signer_single_row_check" CHECK ("id" = 1)
);
INSERT INTO "audit_signer" ("id") VALUES (1);

-- The newest checkpoint that names a stream: a stream that ended is kept for as long as a checkpoint that names it.
ALTER TABLE "audit_streams" ADD COLUMN "checkpoint_number" BIGINT NOT NULL DEFAULT 0;
CREATE INDEX "audit_checkpoints_retired_before_idx" ON "audit_checkpoints" ("retired_before") WHERE "retired_before" IS NOT NULL;

-- Takes one thing out of the log whose time is over: the oldest partition of before that day (UTC); where none is left, checkpoints and
-- streams. Answers how many, 0 once nothing is left. It does so only for days that are over and that a checkpoint has retired, gives
-- up where a lock takes over 200 ms, so that appends are not held up, and runs as its owner: the application's role cannot do it itself.
CREATE FUNCTION audit_drop_before(before DATE) RETURNS INTEGER
  LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '200ms'
  AS $$
DECLARE
  boundary CONSTANT TIMESTAMPTZ := before::timestamp AT TIME ZONE 'UTC';
  retired JSONB;
  partition TEXT;
  gone INTEGER;
BEGIN
  IF before IS NULL OR boundary > clock_timestamp() THEN
    RAISE EXCEPTION 'audit_drop_before: the day before % is not over', before;
  END IF;
  SELECT body::jsonb->'retired' INTO retired FROM audit_checkpoints WHERE retired_before >= before ORDER BY number DESC LIMIT 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'audit_drop_before: no checkpoint retires what is before %', before;
  END IF;
  PERFORM pg_advisory_xact_lock(7201603);
  SELECT c.relname INTO partition FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'audit_events'::regclass AND c.relname ~ '^audit_events_\d{8}$'
      AND to_date(right(c.relname, 8), 'YYYYMMDD') < before
    ORDER BY c.relname LIMIT 1;
  IF partition IS NOT NULL THEN
    EXECUTE format('ALTER TABLE audit_events DETACH PARTITION %I', partition);
    EXECUTE format('DROP TABLE %I', partition);
    RETURN 1;
  END IF;
  DELETE FROM audit_checkpoints WHERE number IN (
    SELECT number FROM audit_checkpoints WHERE at < boundary ORDER BY number LIMIT 20000);
  GET DIAGNOSTICS gone = ROW_COUNT;
  IF gone = 0 THEN
    DELETE FROM audit_streams WHERE closed_at < boundary AND coalesce(head_at, closed_at) < boundary
      AND NOT coalesce(retired->'streams', '[]') @> jsonb_build_array(jsonb_build_object('id', id::text));
    GET DIAGNOSTICS gone = ROW_COUNT;
  END IF;
  RETURN gone;
END $$;

-- Functions that run as their owner look for nothing where a caller could have put something, and are for those who are granted them.
DO $$
DECLARE
  definer REGPROCEDURE;
BEGIN
  FOR definer IN SELECT unnest(ARRAY['audit_make_partitions(date, date)', 'audit_drop_before(date)']::regprocedure[]) LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', definer, current_schema());
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', definer);
  END LOOP;
END $$;
