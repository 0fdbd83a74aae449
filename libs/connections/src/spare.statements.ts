/** Statements about second answers for one generation (architecture.md, "Recovery"). */

/**
 * $1 connection · $2 consumed generation · $3 credential · $4 token · $5 lives ms · $6 lifetime s · $7 attempt · $8 upstream
 * status · $9 duration ms · $10 fence. Keeps what an attempt brought too late to be adopted, and closes it as the success it was.
 */
export const KEEP_SPARE = {
  name: 'spare-keep',
  text: `
with kept as (
  insert into spares (id, connection_id, generation, credential, token, token_expires_at, token_lifetime_seconds, received_at)
  select $7::uuid, id, $2, $3, $4, clock_timestamp() + $5 * interval '1 millisecond', $6, clock_timestamp()
  from connections where id = $1::uuid
  on conflict (id) do nothing
  returning id
), closed as (
  update attempts set closed_at = clock_timestamp(), outcome = 'ok', reason = 'kept_as_spare', upstream_status = $8, duration_ms = $9
  where id = $7::uuid and outcome is distinct from 'ok'
  returning id
), released as (
  update connections set lease_holder = null, lease_expires_at = null where id = $1::uuid and fence = $10::bigint
  returning id
), pruned as (
  delete from spares where connection_id = $1::uuid and received_at < clock_timestamp() - interval '30 days'
)
select exists (select from kept) as kept, exists (select from closed) as closed, exists (select from released) as released`,
} as const;

/** $1 connection. The newest spare of the chain of credentials that is in use. */
export const NEWEST_SPARE = {
  name: 'spare-newest',
  text: `
select s.id, s.generation, s.credential, s.token, s.token_expires_at > clock_timestamp() as token_lives
from spares s join connections c on c.id = s.connection_id
where c.id = $1::uuid and s.generation >= c.credential_since
order by s.generation desc, s.received_at desc limit 1`,
} as const;

/**
 * $1 connection · $2 refused generation · $3 credential · $4 its fields · $5 token · $6 spare · $7 attempt · $8 reason ·
 * $9 upstream status · $10 duration ms · $11 fence · $12 whether the token is the spare's own. The refused credential gives way to
 * the spare, which is tried at once; the token only where the spare's still lives.
 */
export const PROMOTE_SPARE = {
  name: 'spare-promote',
  text: `
with promoted as (
  update connections c set
    credential = $3, credential_fields = $4, credential_updated_at = clock_timestamp(), token = $5, generation = c.generation + 1,
    token_issued_at = case when $12::boolean then s.received_at else c.token_issued_at end,
    token_expires_at = case when $12::boolean then s.token_expires_at else c.token_expires_at end,
    token_lifetime_seconds = case when $12::boolean then s.token_lifetime_seconds else c.token_lifetime_seconds end,
    refresh_at = clock_timestamp(), retry_at = null, next_step = 'refresh',
    state = case when state = 'paused' then state else 'active' end,
    state_reason = null, state_upstream_status = null, state_parameter = null,
    last_outcome = 'rejected', last_reason = $8, last_upstream_status = $9::int, consecutive_failures = consecutive_failures + 1,
    lease_holder = case when fence = $11::bigint then null else lease_holder end,
    lease_expires_at = case when fence = $11::bigint then null else lease_expires_at end,
    updated_at = clock_timestamp()
  from spares s
  where c.id = $1::uuid and c.generation = $2 and s.id = $6::uuid
  returning c.id
), closed as (
  update attempts set closed_at = clock_timestamp(), outcome = 'rejected', reason = $8, upstream_status = $9::int, duration_ms = $10
  where id = $7::uuid and exists (select from promoted) and (closed_at is null or outcome = 'abandoned')
  returning id
), used as (
  delete from spares where id = $6::uuid and exists (select from promoted)
  returning id
)
select exists (select from promoted) as promoted, exists (select from closed) as closed, exists (select from used) as used`,
} as const;
