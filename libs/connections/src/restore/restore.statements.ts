/** Statements that find out whether the database is an older state of itself, and keep its one-time credentials from being sent then. */

/** The timeline that the database writes now: another one after a promotion or a recovery to a point in time. */
export const TIMELINE = "('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int";

/** Who the database is, who it was, and how many one-shot attempts it has counted. */
export const LOOK = {
  name: 'restore-look',
  text: `
select s.system_identifier::text as system_identifier, ${TIMELINE} as timeline,
  i.system_identifier as held_system_identifier, i.timeline as held_timeline,
  (case when e.is_called then e.last_value else 0 end)::float8 as epoch
from pg_control_system() s cross join rotation_epoch e left join database_identity i on i.id = 1`,
} as const;

/**
 * $1 highest epoch seen · $2 margin. Makes a database that is older, though it is the same cluster, one that is not checked: from
 * now on nothing one-shot is sent by anybody. Its epochs go on above all that were seen.
 */
export const DISTRUST = {
  name: 'restore-distrust',
  text: `
with behind as (
  select last_value from rotation_epoch
  where (case when is_called then last_value else 0 end) < $1::bigint or not exists (select from database_identity where id = 1)
), distrusted as (
  insert into database_identity (id, system_identifier, timeline) select 1, '', 0 from behind
  on conflict (id) do update set system_identifier = '', checked_at = clock_timestamp()
  returning id
)
select setval('rotation_epoch', greatest($1::bigint + $2::bigint, last_value)) from behind, distrusted`,
} as const;

/**
 * $1 connections · $2 the least generation of each that is not older than what was seen · $3 when it was seen in use · $4 clock error
 * ms. One that sends and is older than that; what was sent before its credential was stored was another one.
 */
export const FIND_OLDER = {
  name: 'restore-find-older',
  text: `
select c.id
from unnest($1::uuid[], $2::int[], $3::timestamptz[]) as seen(id, generation, sent_at) join connections c on c.id = seen.id
where c.generation < seen.generation and seen.sent_at >= c.credential_updated_at - $4 * interval '1 millisecond'
  and c.state in ('active', 'uncertain', 'misconfigured') and c.state_reason is distinct from 'database_restored'
limit 1`,
} as const;

/** $1 after this id · $2 limit. */
export const PAGE = {
  name: 'restore-page',
  text: `
select c.id, p.type, c.settings, p.settings as provider_settings
from connections c join providers p on p.name = c.provider
where c.id > $1::uuid order by c.id limit $2`,
} as const;

/**
 * $1 connections. Those that would send move to \`uncertain\` and go on serving; a paused one stays paused and is marked. One
 * that the provider refused is not sent anyway. Without effect once somebody finished: what was reconciled since stays so.
 */
export const QUARANTINE = {
  name: 'restore-quarantine',
  text: `
with unchecked as (
  select id from database_identity
  where id = 1 and not (
    system_identifier = (select s.system_identifier::text from pg_control_system() s) and timeline = (select ${TIMELINE}))
  for share
)
update connections set
  state = case when state = 'paused' then state else 'uncertain' end,
  state_reason = 'database_restored', state_upstream_status = null, state_parameter = null, updated_at = clock_timestamp()
from unchecked
where connections.id = any($1::uuid[]) and state in ('active', 'uncertain', 'misconfigured', 'paused')
  and state_reason is distinct from 'database_restored'
returning connections.id`,
} as const;
