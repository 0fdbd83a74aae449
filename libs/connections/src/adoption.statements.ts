/** Statements that store what providers answered. Each is one commit, and the time is the database's. */

import { OPENED_COLUMNS } from './attempt-row.js';
import type { Text } from './attempt.statements.js';

/**
 * Of each answer, in arrays of equal length: $1 connection · $2 consumed generation · $3 credential · $4 its fields as JSON ·
 * $5 credential changed · $6 token · $7 lives ms · $8 lifetime s · $9 refresh in ms · $10 fence · $11 attempt · $12 upstream status ·
 * $13 duration ms · $14 version. Answers what became of each: `known` where it was adopted or kept before, or its connection is gone.
 * The parameters stand behind sub-selects, as those of OPEN, and rows are locked in the order of the arrays. Attempts are looked for
 * by an array or one by one: a join, or an `exists` for all, that was planned while there were few of them would go on to read them all.
 */
export const ADOPT: Text = {
  name: 'attempts-adopt',
  text: `
with answered as materialized (
  select * from unnest((select $1::uuid[]), (select $2::int[]), (select $3::bytea[]), (select $4::text[]), (select $5::boolean[]),
    (select $6::bytea[]), (select $7::float8[]), (select $8::int[]), (select $9::float8[]), (select $10::bigint[]),
    (select $11::uuid[]), (select $12::int[]), (select $13::int[]), (select $14::int[])) as answered(connection_id, generation,
      credential, credential_fields, credential_changed, token, lives_ms, lifetime_seconds, refresh_in_ms, fence, attempt_id,
      upstream_status, duration_ms, version)
), adopted as (
  update connections c set
    credential = a.credential, credential_fields = array(select json_array_elements_text(a.credential_fields::json)),
    credential_updated_at = case when a.credential_changed then clock_timestamp() else c.credential_updated_at end,
    token = a.token, generation = c.generation + 1, token_issued_at = clock_timestamp(),
    token_expires_at = clock_timestamp() + a.lives_ms * interval '1 millisecond', token_lifetime_seconds = a.lifetime_seconds,
    refresh_at = clock_timestamp() + a.refresh_in_ms * interval '1 millisecond', retry_at = null, next_step = 'refresh',
    state = case when c.state = 'paused' then c.state else 'active' end,
    state_reason = null, state_upstream_status = null, state_parameter = null,
    last_outcome = 'ok', last_reason = null, last_upstream_status = a.upstream_status, consecutive_failures = 0,
    lease_holder = case when c.fence = a.fence then null else c.lease_holder end,
    lease_expires_at = case when c.fence = a.fence then null else c.lease_expires_at end,
    updated_at = clock_timestamp()
  from answered a
  where c.id = a.connection_id and c.generation = a.generation and c.version = a.version
  returning a.attempt_id, a.upstream_status, a.duration_ms
), closed as (
  update attempts set closed_at = clock_timestamp(), outcome = 'ok', reason = null, upstream_status = adopted.upstream_status,
    duration_ms = adopted.duration_ms
  from adopted where attempts.id = any(array(select attempt_id from adopted)) and attempts.id = adopted.attempt_id
), released as (
  update connections c set lease_holder = null, lease_expires_at = null
  from answered a where c.id = a.connection_id and c.fence = a.fence and c.generation <> a.generation
)
select a.attempt_id, adopted.attempt_id is not null as adopted, adopted.attempt_id is null and (
    coalesce((select t.outcome = 'ok' from attempts t where t.id = a.attempt_id), false)
    or (select c.id from connections c where c.id = a.connection_id) is null) as known
from answered a left join adopted using (attempt_id)`,
};

/** $1 connection · $2 attempt. What an answer is adopted with that was kept elsewhere; no lease is taken. */
export const REOPEN: Text = {
  name: 'attempt-reopen',
  text: `
select $2::uuid as attempt_id, coalesce(a.fence, -1) as attempt_fence, coalesce(a.step, 'refresh') as step,
  null::bigint as epoch, ${OPENED_COLUMNS}
from connections c join providers p on p.name = c.provider left join attempts a on a.id = $2::uuid
where c.id = $1::uuid`,
};

/**
 * $1 connection · $2 consumed generation · $3 credential · $4 its fields · $5 token or null · $6 retry in ms · $7 fence ·
 * $8 attempt · $9 reason · $10 upstream status · $11 duration ms · $12 version. The answer brought a credential and no token that can be used:
 * the credential counts, the old token stays.
 */
export const SALVAGE: Text = {
  name: 'attempt-salvage',
  text: `
with salvaged as (
  update connections set
    credential = $3, credential_fields = $4, credential_updated_at = clock_timestamp(), token = $5, generation = generation + 1,
    retry_at = clock_timestamp() + $6 * interval '1 millisecond', refresh_at = clock_timestamp() + $6 * interval '1 millisecond',
    next_step = 'refresh', state = case when state = 'paused' then state else 'active' end,
    state_reason = null, state_upstream_status = null, state_parameter = null,
    last_outcome = 'unknown', last_reason = $9, last_upstream_status = $10::int, consecutive_failures = consecutive_failures + 1,
    lease_holder = case when fence = $7::bigint then null else lease_holder end,
    lease_expires_at = case when fence = $7::bigint then null else lease_expires_at end,
    updated_at = clock_timestamp()
  where id = $1::uuid and generation = $2 and version = $12
  returning id
), closed as (
  update attempts set closed_at = clock_timestamp(), outcome = 'unknown', reason = $9, upstream_status = $10::int, duration_ms = $11
  where id = $8::uuid and exists (select from salvaged)
  returning id
)
select exists (select from salvaged) as salvaged, exists (select from closed) as closed`,
};
