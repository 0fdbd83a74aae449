import { Inject, Injectable } from '@nestjs/common';
import type { ConnectionName } from '@app/common';
import { Config } from '@app/config';
import { Envelopes, Fingerprints, KeyServiceError } from '@app/crypto';
import { Database, ROWS_WITHIN_MS } from '@app/database';
import { ProviderRegistry } from '@app/providers';
import type { Connection, ConnectionState, SealedConnection } from './connection.js';
import { ConnectionKinds } from './connection-kind.js';
import { type FoundConnection, GatheredReads } from './gathered-reads.js';
import { openFields } from './sealing.js';
import { SharedTexts } from './shared-texts.js';
import { SHOWN_STATE } from './shown-state.js';
import { type ConnectionRow, toConnection, toSealed } from './connection-row.js';
import { CHANGED, CLAIM, FIND } from './connection.statements.js';

/** A connection whose renewal is due. */
export interface DueConnection extends ConnectionName {
  readonly id: string;
  /** As it was claimed. Its token is not opened: what is sent is read when the attempt is. */
  read(): SealedConnection;
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
  readonly kinds: ConnectionKinds;
  readonly texts = new SharedTexts();
  readonly #reads = new GatheredReads((names) => this.#read(names));

  constructor(
    private readonly database: Database,
    readonly envelopes: Envelopes,
    readonly fingerprints: Fingerprints,
    registry: ProviderRegistry,
    @Inject(Config) private readonly config: Config,
  ) {
    this.kinds = new ConnectionKinds(registry);
  }

  /**
   * The connection with its token opened, or undefined; read in one statement with what others ask for at the same time. The
   * statement is begun after the call.
   */
  find(name: ConnectionName): Promise<Connection | undefined> {
    return this.#reads.find(name);
  }

  async #read(names: readonly ConnectionName[]): Promise<FoundConnection[]> {
    const values = [names.map(({ provider }) => provider), names.map(({ connection }) => connection)];
    const found = { ...FIND, values, withinMs: ROWS_WITHIN_MS };
    const rows = await this.database.query<ConnectionRow & { readonly index: number }>(found);
    return rows.map((row) => ({ index: row.index, connection: toConnection(row, this) }));
  }

  /**
   * Opens the credential that changed last: a wrong or missing key is found at the start, not at the first refresh. A key service
   * that cannot be asked now is waited for later. @throws EnvelopeError that names the missing key.
   */
  async requireReadable(): Promise<void> {
    const [row] = await this.database.query<{ id: string; generation: number; credential: Buffer }>({
      text: 'select id, generation, credential from connections order by updated_at desc limit 1',
      values: [],
    });
    if (row !== undefined) {
      const place = { table: 'connections', row: row.id, generation: row.generation } as const;
      await openFields(this.envelopes, place, row.credential).catch(unlessUnavailable);
    }
  }

  /** Claims connections that are due, at most `free` of each provider, oldest first. Nobody else claims them for a while. */
  async claimDue(slots: Readonly<Record<string, number>>): Promise<DueConnection[]> {
    const values = [Object.keys(slots), Object.values(slots), this.config.timing.claimMs];
    const rows = await this.database.query<ConnectionRow>({ ...CLAIM, values });
    return rows.map((row) => ({
      id: row.id,
      provider: row.provider,
      connection: row.name,
      read: () => toSealed(row, this),
    }));
  }

  /**
   * Notes that callers get the tokens of these connections; one that was left alone as idle is due again. Rows are locked in the order
   * of their ids, as by those who open attempts for several.
   */
  async markUsed(ids: readonly string[]): Promise<void> {
    await this.database.query({
      name: 'connection-used',
      text: `
        update connections set last_used_at = clock_timestamp(),
          refresh_at = case when refresh_at > token_expires_at then clock_timestamp() else refresh_at end
        where id = any(array(
          select id from connections
          where id = any($1::uuid[]) and (last_used_at is null or last_used_at < clock_timestamp() - interval '10 seconds')
          order by id for no key update))`,
      values: [ids],
    });
  }

  /** Moves the renewal to `until` (epoch ms), where that is still to come. False where it is due now, or was renewed meanwhile. */
  async postpone({ id, generation }: SealedConnection, until: number): Promise<boolean> {
    const rows = await this.database.query({
      name: 'connection-postpone',
      text: `update connections set refresh_at = $3
        where id = $1::uuid and generation = $2 and $3::timestamptz > clock_timestamp() returning id`,
      values: [id, generation, new Date(until)],
    });
    return rows.length === 1;
  }

  /** Names of the configured providers that something may be sent to. */
  async sendableProviders(): Promise<string[]> {
    const rows = await this.database.query<{ name: string }>({
      name: 'provider-sendable',
      text: 'select name from providers where refused_at is null order by name',
      values: [],
    });
    return rows.map(({ name }) => name);
  }

  /** Connections that changed within the last seconds, at most `limit` of them. */
  async changedWithin(seconds: number, limit: number): Promise<ChangedConnection[]> {
    const values = [seconds, limit];
    const rows = await this.database.query<{ provider: string; connection: string; updated_at: Date }>({
      ...CHANGED,
      values,
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
      text: `select c.provider, c.name as connection, p.type, ${SHOWN_STATE} as state
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
      text: `select c.provider, ${SHOWN_STATE} as state, count(*)::int as count, min(c.token_expires_at) as next
        from connections c group by 1, 2`,
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

function unlessUnavailable(error: unknown): void {
  if (!(error instanceof KeyServiceError)) {
    throw error;
  }
}
