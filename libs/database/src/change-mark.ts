import type { ConnectionName } from '@app/common';
import type { Transaction } from './database.js';

/** What an administrative change touches of what replicas hold of connections: one of them, none, or whichever. */
export type Touch = ConnectionName | 'none' | 'any';

/** Changes whose touch is remembered. A replica that looks about once a second is never so far behind. */
const REMEMBERED = 1000;

/**
 * Tells every replica, with the commit, to look again and what for, and answers the database's time. The mark is one row:
 * administrative changes take turns from here to their commit, and each sees what the one before did. A mark without a row beside it,
 * as the version before makes it, stands for a change that may touch any connection.
 */
export async function incrementChangeMark(transaction: Transaction, touch: Touch): Promise<Date> {
  const { provider, connection } = typeof touch === 'string' ? NOBODY : touch;
  const [row] = await transaction.$queryRaw<{ readonly now: Date }[]>`
    with moved as (
      update change_mark set value = value + 1 returning value, clock_timestamp()::timestamptz(3) as now
    ), noted as (
      insert into marked_changes (mark, provider, connection)
      select value, ${provider}::text, ${connection}::text from moved where ${touch !== 'any'}
      on conflict (mark) do update set provider = excluded.provider, connection = excluded.connection
    ), forgotten as (
      delete from marked_changes where mark <= (select value from moved) - ${REMEMBERED}::int
    )
    select now from moved`;
  if (row === undefined) {
    throw new Error('The table change_mark has lost its row.');
  }
  return row.now;
}

/** The database's time, for a change that no cache has to hear of. */
export async function timeOfChange(transaction: Transaction): Promise<Date> {
  const [row] = await transaction.$queryRaw<{ readonly now: Date }[]>`
    select clock_timestamp()::timestamptz(3) as now`;
  if (row === undefined) {
    throw new Error('The database does not tell its time.');
  }
  return row.now;
}

const NOBODY = { provider: null, connection: null };
