/** What an attacker runs who owns the database: the hashes of a stream from a row on, computed anew as they stand, and its head moved along. */
export const rechain = (stream: number, from = 1): string => `
DO $$ DECLARE link BYTEA; event RECORD; BEGIN
  SELECT coalesce((SELECT hash FROM audit_events e WHERE e.stream = ${stream} AND seq = ${from} - 1), audit_genesis(id, replica))
  INTO link FROM audit_streams WHERE id = ${stream};
  FOR event IN SELECT * FROM audit_events e WHERE e.stream = ${stream} AND e.seq >= ${from} ORDER BY seq LOOP
    link := audit_link(link, event.seq, event.body);
    UPDATE audit_events SET hash = link WHERE audit_events.stream = ${stream} AND seq = event.seq;
  END LOOP;
  UPDATE audit_streams SET head_hash = link, head_seq = (SELECT max(seq) FROM audit_events e WHERE e.stream = ${stream}),
    head_at = (SELECT max(at) FROM audit_events e WHERE e.stream = ${stream}) WHERE id = ${stream};
END $$;`;
