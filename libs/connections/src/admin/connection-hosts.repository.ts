import type { Prisma, Transaction } from '@app/database';
import type { ConnectionState } from '../connection.js';
import type { HostMark } from './hosts.js';

/** What of a connection tells where its secrets go. */
export interface ConnectionHosts {
  readonly id: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly credentialFields: readonly string[];
  readonly mark: HostMark;
}

/** A connection's mark, to be stored. */
export interface StoredMark {
  readonly id: string;
  readonly mark: HostMark;
}

interface Row {
  readonly id: string;
  readonly settings: Record<string, unknown>;
  readonly credential_fields: string[];
  readonly confirmed_hosts: string[];
  readonly unconfirmed_hosts: string[];
}

/** Which connections are shown in a state (shown-state.ts). */
export function shownAs(state: ConnectionState): Prisma.ConnectionWhereInput {
  const stored = { state };
  if (state === 'paused') {
    return stored;
  }
  const marked = { unconfirmedHosts: { isEmpty: false }, state: { not: 'paused' } };
  return state === 'misconfigured' ? { OR: [stored, marked] } : { ...stored, unconfirmedHosts: { isEmpty: true } };
}

/** Where the connections of a provider send, inside a transaction. */
export class ConnectionHostsRepository {
  constructor(private readonly transaction: Transaction) {}

  /** All of them, locked, so that no attempt is opened until the transaction ends. */
  async listLocked(provider: string): Promise<ConnectionHosts[]> {
    const rows = await this.transaction.$queryRaw<Row[]>`
      select id, settings, credential_fields, confirmed_hosts, unconfirmed_hosts
      from connections where provider = ${provider} order by id for update`;
    return rows.map((row) => ({
      id: row.id,
      settings: row.settings,
      credentialFields: row.credential_fields,
      mark: { confirmed: row.confirmed_hosts, unconfirmed: row.unconfirmed_hosts },
    }));
  }

  /**
   * Those whose mark goes are due at once. Where another host waits than before, it is another version: who confirms names the one
   * that was seen.
   */
  async save(marks: readonly StoredMark[]): Promise<void> {
    if (marks.length === 0) {
      return;
    }
    const rows = JSON.stringify(marks.map(({ id, mark }) => ({ id, ...mark })));
    await this.transaction.$executeRaw`
      update connections c set confirmed_hosts = m.confirmed, unconfirmed_hosts = m.unconfirmed, updated_at = clock_timestamp(),
        refresh_at = case when m.unconfirmed = '{}' then clock_timestamp() else refresh_at end,
        version = c.version + (c.unconfirmed_hosts <> m.unconfirmed)::int
      from jsonb_to_recordset(${rows}::jsonb) as m (id uuid, confirmed text[], unconfirmed text[])
      where c.id = m.id`;
  }
}
