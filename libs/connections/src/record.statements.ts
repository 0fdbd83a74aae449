/** Statements that complete the audit log from closed attempts. */

/** $1 attempts. */
export const MARK_RECORDED = {
  name: 'attempt-recorded',
  text: 'update attempts set recorded = true where id = any($1::uuid[])',
} as const;

/** $1 older than ms · $2 limit. */
export const UNRECORDED = {
  name: 'attempt-unrecorded',
  text: `
select a.id, c.provider, c.name, a.generation, a.outcome, a.reason, a.parameter, a.upstream_status, a.duration_ms,
  a.caller, a.key_id, a.request_id, a.client_ip
from attempts a join connections c on c.id = a.connection_id
where a.closed_at is not null and not a.recorded and a.closed_at < clock_timestamp() - $1 * interval '1 millisecond'
order by a.closed_at limit $2`,
} as const;
