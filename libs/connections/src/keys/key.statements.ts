/** Statements about key-encryption keys. Each is one commit, and the time is the database's. */

import { KEY_OF, SEALED_COLUMNS } from './sealed-columns.js';

const COLUMNS = `id, provider, reference, state, canary, wanted_at is not null as wanted, created_at as "createdAt",
  promoted_at as "promotedAt", retired_at as "retiredAt", rewrapped, unreadable`;

/** All keys, oldest first. */
export const ALL_KEYS = {
  name: 'key-all',
  text: `select ${COLUMNS} from encryption_keys order by created_at, id`,
} as const;

/** $1 ids · $2 providers · $3 references · $4 states · $5 canaries. The first keys of a database; without effect where it has some. */
export const SEED = {
  name: 'key-seed',
  text: `
with alone as materialized (select pg_advisory_xact_lock(hashtext('claviger.encryption_keys')) as locked)
insert into encryption_keys (id, provider, reference, state, canary)
select k.* from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[]) as k, alone
where not exists (select from encryption_keys)
on conflict do nothing`,
} as const;

/** $1 replica · $2 keys that it opens · $3 key that it seals with · $4 keys that its spool is sealed with. */
export const BEAT = {
  name: 'replica-beat',
  text: `
with beaten as (
  insert into replicas (id, opens, seals_with, spooled_with) values ($1::uuid, $2::text[], $3, $4::text[])
  on conflict (id) do update set seen_at = clock_timestamp(), opens = excluded.opens, seals_with = excluded.seals_with,
    spooled_with = excluded.spooled_with
  returning id
), forgotten as (
  delete from replicas where seen_at < clock_timestamp() - interval '1 day' and id <> $1::uuid
)
select count(*) from beaten`,
} as const;

/** $1 replica. */
export const LEAVE = { name: 'replica-leave', text: 'delete from replicas where id = $1::uuid' } as const;

/** $1 expiry ms. */
export const LIVE_REPLICAS = {
  name: 'replica-live',
  text: `
select id, seen_at as "seenAt", opens, seals_with as "sealsWith", spooled_with as "spooledWith" from replicas
where seen_at > clock_timestamp() - $1 * interval '1 millisecond' order by started_at, id`,
} as const;

/** $1 key id in bytes. How many values are sealed with it. */
export const COUNT_VALUES = {
  name: 'key-values',
  text: `select (${SEALED_COLUMNS.map(({ table, column }) => `(select count(*) from ${table} where ${KEY_OF(column)} = $1::bytea)`).join(' + ')})::int as count`,
} as const;

/** The same, only whether there is any. */
export const HAS_VALUES = {
  name: 'key-has-values',
  text: `select ${SEALED_COLUMNS.map(({ table, column }) => `exists (select from ${table} where ${KEY_OF(column)} = $1::bytea)`).join(' or ')} as found`,
} as const;

/** $1 key · $2 replica · $3 lease ms. Who re-wraps: one replica a key, while it goes on. */
export const CLAIM = {
  name: 'key-claim',
  text: `
update encryption_keys set worker = $2::uuid, worker_until = clock_timestamp() + $3 * interval '1 millisecond'
where id = $1 and state <> 'primary' and (worker is null or worker = $2::uuid or worker_until <= clock_timestamp())
returning id`,
} as const;

/** $1 key · $2 re-wrapped since the last time. */
export const COUNT_REWRAPPED = {
  name: 'key-rewrapped',
  text: 'update encryption_keys set rewrapped = rewrapped + $2 where id = $1',
} as const;

/** $1 key · $2 values that do not open. A pass is through: somebody else may make the next one. */
export const END_PASS = {
  name: 'key-end-pass',
  text: 'update encryption_keys set unreadable = $2, worker = null, worker_until = null where id = $1',
} as const;
