/** Statements that find connections, and those whose renewal is due. */

import { CONNECTION_COLUMNS, connectionTables } from './connection-row.js';
import type { Text } from './attempt.statements.js';

/**
 * $1 providers · $2 names, of equal length; answers with the index of each that there is. The names stand behind sub-selects, so that
 * Postgres does not see how many there are: it would plan every statement anew, which takes longer than the reading.
 */
export const FIND: Text = {
  name: 'connection-find',
  text: `
select asked.index::int - 1 as index, ${CONNECTION_COLUMNS}
from unnest((select $1::text[]), (select $2::text[])) with ordinality as asked(provider, name, index), ${connectionTables('connections')}
where c.provider = asked.provider and c.name = asked.name`,
};

/**
 * $1 providers · $2 how many of each · $3 claim ms. Replicas skip each other's rows; a claim holds for a while, so that one left
 * behind by a crash comes back by itself, and only for that time of falling due. It is noted in a column that stands in no index:
 * a row that moves in an index moves in all of them. It costs the same however many connections there are, and however many are due: the
 * time is asked for once, in a query of its own, as only what does not change from row to row is looked for in an index; and the
 * rows that are chosen are handed on as an array, as a join is planned for all that could be due, and reads the whole table then.
 */
export const CLAIM: Text = {
  name: 'connection-claim',
  text: `
with due as materialized (
  select next.id from unnest((select $1::text[]), (select $2::int[])) as slot(provider, free), lateral (
    select c.id from connections c
    where c.provider = slot.provider and c.refresh_at <= (select clock_timestamp()) and c.state in ('active', 'uncertain')
      and c.unconfirmed_hosts = '{}'
      and (c.retry_at is null or c.retry_at <= clock_timestamp())
      and (c.lease_expires_at is null or c.lease_expires_at <= clock_timestamp())
      and (c.claimed_at is null or c.claimed_at < c.refresh_at or c.claimed_at <= clock_timestamp() - $3 * interval '1 millisecond')
    order by c.refresh_at limit slot.free for update skip locked
  ) as next
), claimed as (
  update connections set claimed_at = clock_timestamp()
  where id = any(array(select id from due))
  returning *
)
select ${CONNECTION_COLUMNS} from ${connectionTables('claimed')}`,
};

/** $1 seconds · $2 limit. The order has it read from the index: nobody who plans it knows how few they are. */
export const CHANGED: Text = {
  name: 'connection-changed',
  text: `
select provider, name as connection, updated_at from connections
where updated_at > (select clock_timestamp()) - $1 * interval '1 second'
order by updated_at limit $2`,
};
