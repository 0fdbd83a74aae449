import type { Transaction } from './database.js';

/**
 * Tells every replica, with the commit, to look again, and answers the database's time. The mark is one row: administrative
 * changes take turns from here to their commit, and each sees what the one before did.
 */
export async function incrementChangeMark(transaction: Transaction): Promise<Date> {
  const [row] = await transaction.$queryRaw<{ readonly now: Date }[]>`
    update change_mark set value = value + 1 returning clock_timestamp()::timestamptz(3) as now`;
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
