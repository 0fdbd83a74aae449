/**
 * The statements of the refresh protocol. Each is one commit: what must hold together stands in one statement, and the time is
 * always the database's.
 */

interface Text {
  readonly name: string;
  readonly text: string;
}

/**
 * $1 connection · $2 generation · $3 ignore back-off · $4 holder · $5 lease ms · $6 attempt · $7 step · $8 trigger · $9 caller ·
 * $10 key · $11 request · $12 client ip. The insert reads `abandoned`, so that the orphan is closed before the partial unique
 * index ("one open attempt") judges the new row. Old attempts of the connection go on the way: the audit log keeps their history.
 */
export const OPEN: Text = {
  name: 'attempt-open',
  text: `
with leased as (
  update connections set
    lease_holder = $4::uuid, lease_expires_at = clock_timestamp() + $5 * interval '1 millisecond',
    fence = fence + 1, last_attempt_at = clock_timestamp()
  where id = $1::uuid and generation = $2 and state in ('active', 'uncertain')
    and (lease_expires_at is null or lease_expires_at <= clock_timestamp())
    and ($3::boolean or retry_at is null or retry_at <= clock_timestamp())
  returning *
), abandoned as (
  update attempts set closed_at = clock_timestamp(), outcome = 'abandoned'
  from leased where attempts.connection_id = leased.id and attempts.closed_at is null
  returning attempts.id
), opened as (
  insert into attempts (id, connection_id, generation, fence, step, trigger, holder, opened_at, caller, key_id, request_id, client_ip)
  select $6::uuid, leased.id, leased.generation, leased.fence, $7, $8, $4::uuid, clock_timestamp(), $9, $10, $11, $12
  from leased, (select count(*) from abandoned) as settled
  returning id
), pruned as (
  delete from attempts using leased
  where attempts.connection_id = leased.id and attempts.recorded
    and attempts.opened_at < clock_timestamp() - interval '30 days'
)
select opened.id as attempt_id, leased.id as connection_id, leased.provider, leased.name, leased.generation, leased.fence,
  leased.credential, leased.settings, leased.consecutive_failures,
  p.type, p.settings as provider_settings, p.secrets as provider_secrets, p.secrets_generation
from opened, leased join providers p on p.name = leased.provider`,
};

/** $1 connection · $2 fence · $3 lease ms. */
export const EXTEND_LEASE: Text = {
  name: 'lease-extend',
  text: `
update connections set lease_expires_at = clock_timestamp() + $3 * interval '1 millisecond'
where id = $1::uuid and fence = $2::bigint
returning id`,
};

/**
 * $1 connection · $2 consumed generation · $3 credential · $4 its fields · $5 credential changed · $6 token · $7 lives ms ·
 * $8 lifetime s · $9 refresh in ms · $10 fence · $11 attempt · $12 upstream status · $13 duration ms.
 */
export const ADOPT: Text = {
  name: 'attempt-adopt',
  text: `
with adopted as (
  update connections set
    credential = $3, credential_fields = $4,
    credential_updated_at = case when $5::boolean then clock_timestamp() else credential_updated_at end,
    token = $6, generation = generation + 1, token_issued_at = clock_timestamp(),
    token_expires_at = clock_timestamp() + $7 * interval '1 millisecond', token_lifetime_seconds = $8,
    refresh_at = clock_timestamp() + $9 * interval '1 millisecond', retry_at = null, next_step = 'refresh',
    state = case when state = 'paused' then state else 'active' end,
    state_reason = null, state_upstream_status = null, state_parameter = null,
    last_outcome = 'ok', last_reason = null, last_upstream_status = $12, consecutive_failures = 0,
    lease_holder = case when fence = $10::bigint then null else lease_holder end,
    lease_expires_at = case when fence = $10::bigint then null else lease_expires_at end,
    updated_at = clock_timestamp()
  where id = $1::uuid and generation = $2
  returning id
), closed as (
  update attempts set closed_at = clock_timestamp(), outcome = 'ok', upstream_status = $12, duration_ms = $13
  where id = $11::uuid
  returning id
), released as (
  update connections set lease_holder = null, lease_expires_at = null
  where id = $1::uuid and fence = $10::bigint and generation <> $2
  returning id
)
select exists (select from adopted) as adopted, exists (select from closed) as closed, exists (select from released) as released`,
};

/**
 * $1 connection · $2 consumed generation · $3 fence · $4 attempt · $5 outcome · $6 reason · $7 upstream status · $8 parameter ·
 * $9 retry in ms · $10 new state or null · $11 next step · $12 duration ms. A failure of a generation that is no longer current
 * changes nothing but the lease. No wait is no `retry_at` at all: a replica whose clock is a little behind would wait for "now".
 */
export const FAIL: Text = {
  name: 'attempt-fail',
  text: `
with failed as (
  update connections set
    last_outcome = case when generation = $2 then $5 else last_outcome end,
    last_reason = case when generation = $2 then $6 else last_reason end,
    last_upstream_status = case when generation = $2 then $7::int else last_upstream_status end,
    consecutive_failures = case when generation = $2 then consecutive_failures + 1 else consecutive_failures end,
    retry_at = case when generation = $2 then clock_timestamp() + nullif($9::float8, 0) * interval '1 millisecond' else retry_at end,
    refresh_at = case when generation = $2 then clock_timestamp() + $9 * interval '1 millisecond' else refresh_at end,
    next_step = case when generation = $2 then $11 else next_step end,
    state_reason = case when generation = $2 and $10::text is not null then $6 else state_reason end,
    state_upstream_status = case when generation = $2 and $10::text is not null then $7::int else state_upstream_status end,
    state_parameter = case when generation = $2 and $10::text is not null then $8 else state_parameter end,
    state = case when generation = $2 and $10::text is not null and state <> 'paused' then $10 else state end,
    lease_holder = case when fence = $3::bigint then null else lease_holder end,
    lease_expires_at = case when fence = $3::bigint then null else lease_expires_at end,
    updated_at = clock_timestamp()
  where id = $1::uuid
  returning id
), closed as (
  update attempts set closed_at = clock_timestamp(), outcome = $5, reason = $6, upstream_status = $7::int, duration_ms = $12
  where id = $4::uuid and closed_at is null
  returning id
)
select exists (select from failed) as failed, exists (select from closed) as closed`,
};

/** $1 attempts. */
export const MARK_RECORDED: Text = {
  name: 'attempt-recorded',
  text: 'update attempts set recorded = true where id = any($1::uuid[])',
};

/** $1 older than ms · $2 limit. */
export const UNRECORDED: Text = {
  name: 'attempt-unrecorded',
  text: `
select a.id, c.provider, c.name, a.generation, a.outcome, a.reason, a.upstream_status, a.duration_ms,
  a.caller, a.key_id, a.request_id, a.client_ip
from attempts a join connections c on c.id = a.connection_id
where a.closed_at is not null and not a.recorded and a.closed_at < clock_timestamp() - $1 * interval '1 millisecond'
order by a.closed_at limit $2`,
};
