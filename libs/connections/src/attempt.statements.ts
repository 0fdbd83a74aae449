/**
 * The statements of the refresh protocol. Each is one commit: what must hold together stands in one statement, and the time is
 * always the database's.
 */

import { OPENED_COLUMNS } from './attempt-row.js';
import { TIMELINE } from './restore/restore.statements.js';

/** A prepared statement. */
export interface Text {
  readonly name: string;
  readonly text: string;
}

/**
 * Of each attempt, in arrays of equal length: $1 connection · $2 generation · $3 ignore back-off · $4 attempt · $5 step · $6 trigger ·
 * $7 caller · $8 key · $9 request · $10 client ip · $11 fence · $12 one-shot; of all: $13 holder · $14 lease ms. The insert reads
 * `abandoned`, so that the orphans are closed before the partial unique index ("one open attempt") judges the new rows. A one-shot
 * credential is only sent by the database that it was stored in: a restored one may hold what was consumed long ago. What is read here
 * is what is sent: where its hosts are not confirmed nothing is opened, and a change that commits later does not move where this
 * attempt goes. Old attempts of the connections go on the way: the audit log keeps their history. What is looked for in an index is
 * compared with an array, and with a time that is asked for once. The parameters stand behind sub-selects, so that Postgres does not
 * see how many there are: it would plan every statement anew. Rows are locked in the order of the arrays.
 */
export const OPEN: Text = {
  name: 'attempts-open',
  text: `
with asked as materialized (
  select * from unnest((select $1::uuid[]), (select $2::int[]), (select $3::boolean[]), (select $4::uuid[]), (select $5::text[]),
    (select $6::text[]), (select $7::text[]), (select $8::text[]), (select $9::text[]), (select $10::text[]), (select $11::bigint[]),
    (select $12::boolean[])) as asked(connection_id, generation, ignore_backoff, attempt_id, step, trigger, caller, key_id, request_id,
      client_ip, fence, one_shot)
), leased as (
  update connections c set
    lease_holder = $13::uuid, lease_expires_at = clock_timestamp() + $14 * interval '1 millisecond',
    fence = c.fence + 1, last_attempt_at = clock_timestamp()
  from asked a, providers p
  where c.id = a.connection_id and p.name = c.provider and c.generation = a.generation and c.fence = a.fence
    and c.state in ('active', 'uncertain') and c.unconfirmed_hosts = '{}'
    and (c.lease_expires_at is null or c.lease_expires_at <= clock_timestamp())
    and (a.ignore_backoff or c.retry_at is null or c.retry_at <= clock_timestamp())
    and (a.ignore_backoff or p.refused_at is null or p.secret_fields && c.credential_fields or c.settings ? 'client_id')
    and (not a.one_shot or exists (
      select from database_identity i, pg_control_system() s
      where i.system_identifier = s.system_identifier::text and i.timeline = ${TIMELINE}))
  returning a.attempt_id, a.one_shot, ${OPENED_COLUMNS}
), abandoned as (
  update attempts set closed_at = clock_timestamp(), outcome = 'abandoned'
  where connection_id = any(array(select connection_id from leased)) and closed_at is null
  returning id
), opened as (
  insert into attempts (id, connection_id, generation, fence, step, trigger, holder, opened_at, caller, key_id, request_id, client_ip)
  select leased.attempt_id, leased.connection_id, leased.generation, leased.fence, a.step, a.trigger, $13::uuid, clock_timestamp(),
    a.caller, a.key_id, a.request_id, a.client_ip
  from leased join asked a using (attempt_id), (select count(*) from abandoned) as settled
  returning id
), pruned as (
  delete from attempts
  where connection_id = any(array(select connection_id from leased)) and recorded
    and opened_at < (select clock_timestamp()) - interval '30 days'
    and (sent_at is null or generation < (select l.generation from leased l where l.connection_id = attempts.connection_id))
)
select leased.*, case when leased.one_shot then nextval('rotation_epoch') end as epoch
from leased join opened on opened.id = leased.attempt_id`,
};

/** $1 connection · $2 fence · $3 lease ms. A lease that has expired stays so: its holder was frozen, and others count on its end. */
export const EXTEND_LEASE: Text = {
  name: 'lease-extend',
  text: `
update connections set lease_expires_at = clock_timestamp() + $3 * interval '1 millisecond'
where id = $1::uuid and fence = $2::bigint and lease_expires_at > clock_timestamp()
returning id`,
};

/**
 * Of each attempt, in arrays of equal length: $1 connection · $2 fence · $3 attempt · $4 generation; of all: $5 lease ms. The last word
 * before the first byte: the lease is still ours and starts anew, nobody's late answer has replaced what is about to be sent, and from
 * now on the attempt counts as sent. As OPEN, it is planned once, and locks rows in the order of the arrays.
 */
export const MARK_SENT: Text = {
  name: 'attempts-sent',
  text: `
with asked as materialized (
  select * from unnest((select $1::uuid[]), (select $2::bigint[]), (select $3::uuid[]), (select $4::int[]))
    as asked(connection_id, fence, attempt_id, generation)
), held as (
  update connections c set lease_expires_at = clock_timestamp() + $5 * interval '1 millisecond'
  from asked a
  where c.id = a.connection_id and c.fence = a.fence and c.generation = a.generation and c.state in ('active', 'uncertain')
    and c.lease_expires_at > clock_timestamp()
  returning a.attempt_id
)
update attempts set sent_at = clock_timestamp() from held
where attempts.id = any(array(select attempt_id from held)) and attempts.id = held.attempt_id and closed_at is null
returning attempts.id`,
};

/**
 * $1 connection · $2 generation · $3 fence · $4 wait ms. What was decided without an attempt: nothing is sent before then.
 */
export const DEFER: Text = {
  name: 'connection-defer',
  text: `
update connections set
  state_reason = case when state = 'active' then 'outcome_unknown' else state_reason end,
  state = case when state = 'active' then 'uncertain' else state end,
  refresh_at = clock_timestamp() + $4 * interval '1 millisecond', updated_at = clock_timestamp()
where id = $1::uuid and generation = $2 and fence = $3::bigint and state in ('active', 'uncertain')
returning id`,
};

/**
 * $1 connection · $2 consumed generation · $3 fence · $4 attempt · $5 outcome · $6 reason · $7 upstream status · $8 parameter ·
 * $9 retry in ms · $10 new state or null · $11 next step · $12 duration ms · $13 provider refused · $14 version of the connection ·
 * $15 of its provider, as they were sent. A failure of a generation that is no longer current changes nothing but the lease, and one of
 * a holder that was overtaken only what it is certain of. A refusal of what was changed meanwhile says nothing of what stands now: that
 * is due at once, and a provider is only marked with what was sent of it; its row is locked, and so read as it is now, behind that of
 * its connection. No wait is no `retry_at` at all: a replica whose clock is a little behind would wait for "now". Answers `alert` where
 * it is the first to find that the third party refuses what is shared.
 */
export const FAIL: Text = {
  name: 'attempt-fail',
  text: `
with stood as (
  select id, provider, version, state as stood_as, generation = $2 as is_same, fence = $3::bigint as is_held,
    coalesce($10::text in ('reauthorization_required', 'misconfigured'), false) as is_final
  from connections where id = $1::uuid for update
), configured as materialized (
  select version from providers where name = (select provider from stood where is_final) for no key update
), compared as (
  select *, is_final and (version <> $14::int or exists (select from configured where version <> $15::int)) as is_outdated from stood
), judged as (
  select *, is_same and (is_held or is_final) and not is_outdated as current, is_same and is_held and is_outdated as is_due from compared
), target as (
  select *, current and $10::text is not null and ($10 <> 'uncertain' or stood_as in ('active', 'uncertain')) as moves from judged
), failed as (
  update connections c set
    last_outcome = case when t.current then $5 else last_outcome end,
    last_reason = case when t.current then $6 else last_reason end,
    last_upstream_status = case when t.current then $7::int else last_upstream_status end,
    consecutive_failures = case when t.current then consecutive_failures + 1 else consecutive_failures end,
    retry_at = case when t.current then clock_timestamp() + nullif($9::float8, 0) * interval '1 millisecond' when t.is_due then null else retry_at end,
    refresh_at = case when t.current then clock_timestamp() + $9 * interval '1 millisecond' when t.is_due then clock_timestamp() else refresh_at end,
    next_step = case when t.current then $11 else next_step end,
    state_reason = case when t.moves then $6 else state_reason end,
    state_upstream_status = case when t.moves then $7::int else state_upstream_status end,
    state_parameter = case when t.moves then $8 else state_parameter end,
    state = case when t.moves and state <> 'paused' then $10 else state end,
    lease_holder = case when fence = $3::bigint then null else lease_holder end,
    lease_expires_at = case when fence = $3::bigint then null else lease_expires_at end,
    updated_at = clock_timestamp()
  from target t where c.id = t.id
  returning c.id
), closed as (
  update attempts set closed_at = clock_timestamp(), outcome = $5, reason = $6, upstream_status = $7::int, parameter = $8, duration_ms = $12,
    sent_at = case when step = 'introspect' then coalesce(sent_at, opened_at) else sent_at end
  where id = $4::uuid and (closed_at is null or outcome = 'abandoned')
  returning id
), refused as (
  update providers p set refused_reason = $6, refused_status = $7::int, refused_at = clock_timestamp()
  from target t where $13::boolean and p.name = t.provider and p.refused_at is null and p.version = $15::int
  returning p.name
)
select exists (select from failed) as failed, exists (select from closed) as closed, exists (select from refused) as alert`,
};

/**
 * $1 connection · $2 generation · $3 fence · $4 attempt · $5 upstream status · $6 duration ms. An introspection that found the
 * credential unused: the attempt is good, and the refresh may follow at once. It vouches for a restored credential, too.
 */
export const FOUND_UNUSED: Text = {
  name: 'attempt-found-unused',
  text: `
with freed as (
  update connections set
    state = case when state = 'uncertain' and state_reason = 'database_restored' then 'active' else state end,
    state_reason = case when state_reason = 'database_restored' then null else state_reason end,
    retry_at = null, refresh_at = clock_timestamp(), lease_holder = null, lease_expires_at = null,
    last_upstream_status = $5::int, updated_at = clock_timestamp()
  where id = $1::uuid and generation = $2 and fence = $3::bigint
  returning id
), closed as (
  update attempts set closed_at = clock_timestamp(), sent_at = coalesce(sent_at, opened_at), outcome = 'ok', reason = 'unused',
    upstream_status = $5::int, duration_ms = $6
  where id = $4::uuid and closed_at is null
  returning id
)
select exists (select from freed) as freed, exists (select from closed) as closed`,
};
