import { Injectable } from '@nestjs/common';
import type { ConnectionName } from '@app/common';
import { Envelopes, Fingerprints } from '@app/crypto';
import { Database } from '@app/database';
import type { Connection, ConnectionState } from './connection.js';
import { openFields } from './sealing.js';
import { CONNECTION_COLUMNS, type ConnectionRow, toConnection } from './connection-row.js';

/** A claim of the scheduler holds for so long; a replica that dies leaves its claims to the others. */
const CLAIM_SECONDS = 30;

/** A connection whose renewal is due. */
export interface DueConnection extends ConnectionName {
  readonly id: string;
}

/** A connection that changed, and when; epoch ms. */
export interface ChangedConnection extends ConnectionName {
  readonly changedAt: number;
}

/** A connection as those who may use it see it. */
export interface CoveredConnection extends ConnectionName {
  readonly type: string;
  readonly state: ConnectionState;
}

/** How many connections of a provider are in a state, and when the first of their tokens expires (epoch ms). */
export interface CensusLine {
  readonly provider: string;
  readonly state: string;
  readonly count: number;
  readonly nextExpiry: number | null;
}

/** Reads connections for those who issue and renew tokens. */
@Injectable()
export class ConnectionsRepository {
  constructor(
    private readonly database: Database,
    readonly envelopes: Envelopes,
    readonly fingerprints: Fingerprints,
  ) {}

  /** The connection with its token opened, or undefined. */
  async find({ provider, connection }: ConnectionName): Promise<Connection | undefined> {
    const [row] = await this.database.query<ConnectionRow>({
      name: 'connection-find',
      text: `select ${CONNECTION_COLUMNS} from connections c join providers p on p.name = c.provider
        where c.provider = $1 and c.name = $2`,
      values: [provider, connection],
    });
    return row && toConnection(row, this);
  }

  /**
   * Opens the credential that changed last: a wrong or missing key is found at the start, not at the first refresh.
   * @throws EnvelopeError that names the missing key.
   */
  async requireReadable(): Promise<void> {
    const [row] = await this.database.query<{ id: string; generation: number; credential: Buffer }>({
      text: 'select id, generation, credential from connections order by updated_at desc limit 1',
      values: [],
    });
    if (row !== undefined) {
      openFields(this.envelopes, { table: 'connections', row: row.id, generation: row.generation }, row.credential);
    }
  }

  /** True while somebody holds a live lease on it. */
  async isLeased(id: string): Promise<boolean> {
    const [row] = await this.database.query<{ leased: boolean }>({
      name: 'connection-leased',
      text: 'select coalesce(lease_expires_at > clock_timestamp(), false) as leased from connections where id = $1::uuid',
      values: [id],
    });
    return row?.leased === true;
  }

  /**
   * Claims connections that are due, at most `free` of each provider, oldest first. Replicas skip each other's rows; a claim is
   * the due time moved on, so that one left behind by a crash comes back by itself. The rows are chosen in a step of their own:
   * a join might choose anew for every row that it looks at, and so claim all.
   */
  async claimDue(slots: Readonly<Record<string, number>>): Promise<DueConnection[]> {
    return this.database.query<DueConnection>({
      name: 'connection-claim',
      text: `
        with due as materialized (
          select next.id from unnest($1::text[], $2::int[]) as slot(provider, free), lateral (
            select c.id from connections c
            where c.provider = slot.provider and c.refresh_at <= clock_timestamp() and c.state in ('active', 'uncertain')
              and (c.retry_at is null or c.retry_at <= clock_timestamp())
              and (c.lease_expires_at is null or c.lease_expires_at <= clock_timestamp())
            order by c.refresh_at limit slot.free for update skip locked
          ) as next
        )
        update connections set refresh_at = clock_timestamp() + interval '${CLAIM_SECONDS} seconds'
        from due where connections.id = due.id
        returning connections.id, provider, name as connection`,
      values: [Object.keys(slots), Object.values(slots)],
    });
  }

  /** Names of all configured providers. */
  async providerNames(): Promise<string[]> {
    const rows = await this.database.query<{ name: string }>({
      name: 'provider-names',
      text: 'select name from providers order by name',
      values: [],
    });
    return rows.map(({ name }) => name);
  }

  /** Connections that changed within the last seconds, at most `limit` of them. */
  async changedWithin(seconds: number, limit: number): Promise<ChangedConnection[]> {
    const rows = await this.database.query<{ provider: string; connection: string; updated_at: Date }>({
      name: 'connection-changed',
      text: `select provider, name as connection, updated_at from connections
        where updated_at > clock_timestamp() - $1 * interval '1 second' limit $2`,
      values: [seconds, limit],
    });
    return rows.map((row) => ({
      provider: row.provider,
      connection: row.connection,
      changedAt: row.updated_at.getTime(),
    }));
  }

  /** Connections that one of the rules (`klavi/*`) covers, in order of their names, after `after`. */
  async findCovered(rules: readonly string[], after: ConnectionName, limit: number): Promise<CoveredConnection[]> {
    const patterns = rules.map((rule) =>
      rule
        .replaceAll('_', String.raw`\_`)
        .replaceAll('*', '%')
        .split('/'),
    );
    return this.database.query<CoveredConnection>({
      name: 'connection-covered',
      text: `select c.provider, c.name as connection, p.type, c.state
        from connections c join providers p on p.name = c.provider
        where (c.provider, c.name) > ($3, $4) and exists (
          select from unnest($1::text[], $2::text[]) as rule(provider, name)
          where c.provider like rule.provider and c.name like rule.name)
        order by c.provider, c.name limit $5`,
      values: [
        patterns.map(([provider]) => provider),
        patterns.map(([, name]) => name),
        after.provider,
        after.connection,
        limit,
      ],
    });
  }

  /** Counts for metrics. */
  async census(): Promise<CensusLine[]> {
    const rows = await this.database.query<{ provider: string; state: string; count: number; next: Date | null }>({
      name: 'connection-census',
      text: `select provider, state, count(*)::int as count, min(token_expires_at) as next
        from connections group by provider, state`,
      values: [],
    });
    return rows.map(({ provider, state, count, next }) => ({
      provider,
      state,
      count,
      nextExpiry: next?.getTime() ?? null,
    }));
  }
}
