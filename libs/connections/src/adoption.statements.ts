/** Statements that store what providers answered. Each is one commit, and the time is the database's. */

import { OPENED_COLUMNS } from './attempt-row.js';
import type { Text } from './attempt.statements.js';

/**
 * $1 connection · $2 consumed generation · $3 credential · $4 its fields · $5 credential changed · $6 token · $7 lives ms ·
 * $8 lifetime s · $9 refresh in ms · $10 fence · $11 attempt · $12 upstream status · $13 duration ms · $14 version. Answers `changed`
 * where an operator changed the connection, but not what was consumed: it is to be merged anew.
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
  where id = $1::uuid and generation = $2 and version = $14
  returning id
), closed as (
  update attempts set closed_at = clock_timestamp(), outcome = 'ok', reason = null, upstream_status = $12, duration_ms = $13
  where id = $11::uuid and exists (select from adopted)
  returning id
), released as (
  update connections set lease_holder = null, lease_expires_at = null
  where id = $1::uuid and fence = $10::bigint and generation <> $2
  returning id
)
select exists (select from adopted) as adopted, exists (select from closed) as closed, exists (select from released) as released,
  exists (select from connections where id = $1::uuid and generation = $2 and version <> $14) as changed,
  exists (select from attempts where id = $11::uuid and outcome = 'ok') or not exists (select from connections where id = $1::uuid) as known`,
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
select exists (select from salvaged) as salvaged, exists (select from closed) as closed,
  exists (select from connections where id = $1::uuid and generation = $2 and version <> $12) as changed`,
};
