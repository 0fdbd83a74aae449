import type { ConnectionName } from '@app/common';
import type { Database } from './database.js';

/** The connections that changes touched, and no other; undefined where it may be any. */
export type Touched = readonly ConnectionName[] | undefined;

/** Changes behind one mark and up to another, of one server of Postgres. */
export interface MarkedChanges {
  readonly after: string;
  readonly upTo: string;
  /** When the server was started, as it says itself: on another one, marks may count other changes. */
  readonly server: string | undefined;
}

/** Whoever asks holds back what is cached until this is known. */
const PATIENCE_MS = 1000;

interface Row {
  readonly count: number;
  readonly server: string;
  readonly providers: readonly string[];
  readonly connections: readonly string[];
}

/**
 * What these changes touched. Of each there is a row, unless the version before made it, it may touch any connection, or too many came
 * after it: then whichever connection there is may have been touched, as where the server is another. @throws BrokerError `storage_unavailable`.
 */
export async function readTouched(database: Pick<Database, 'query'>, changes: MarkedChanges): Promise<Touched> {
  const { after, upTo, server } = changes;
  const [row] = await database.query<Row>({
    name: 'marked-changes',
    text: `
select count(*)::int as count, pg_postmaster_start_time()::text as server,
  coalesce(array_agg(provider) filter (where connection is not null), '{}') as providers,
  coalesce(array_agg(connection) filter (where connection is not null), '{}') as connections
from marked_changes where mark > $1::bigint and mark <= $2::bigint`,
    values: [after, upTo],
    withinMs: PATIENCE_MS,
  });
  const isWhole = row !== undefined && row.server === server && BigInt(row.count) === BigInt(upTo) - BigInt(after);
  return isWhole
    ? row.connections.map((connection, index) => ({ provider: row.providers[index] ?? '', connection }))
    : undefined;
}
