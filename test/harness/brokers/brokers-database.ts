import { Client, Pool } from 'pg';
import { until } from './until.js';

/** A row of `attempts`. */
export interface AttemptRow {
  readonly id: string;
  readonly generation: number;
  readonly step: string;
  readonly trigger: string;
  /** The replica that sent it. */
  readonly holder: string;
  readonly opened_at: Date;
  readonly sent_at: Date | null;
  readonly closed_at: Date | null;
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly recorded: boolean;
}

/** A row of `connections`, without what is sealed. */
export interface ConnectionRow {
  readonly id: string;
  readonly state: string;
  readonly state_reason: string | null;
  readonly generation: number;
  readonly token_expires_at: Date | null;
  readonly refresh_at: Date | null;
  readonly retry_at: Date | null;
  readonly lease_holder: string | null;
  readonly lease_expires_at: Date | null;
  readonly fence: string;
  readonly consecutive_failures: number;
  readonly last_outcome: string | null;
  readonly last_reason: string | null;
}

/** Something in the brokers' way, until it is let go. */
export type LetGo = () => Promise<void>;

/** How our own sessions are told from the brokers'. */
const HARNESS = 'claviger-harness';

const OF_CONNECTION = `select a.* from attempts a join connections c on c.id = a.connection_id where c.name = $1 order by a.opened_at, a.fence`;

/**
 * The brokers' database as a test sees it. Connections are named without their provider: a test gives each name once. What holds
 * a broker at a moment is a lock here, so the product needs no code for it.
 */
export class BrokersDatabase {
  readonly #pool: Pool;

  constructor(readonly url: string) {
    this.#pool = new Pool({ connectionString: url, max: 4, application_name: HARNESS });
    this.#pool.on('error', () => undefined);
  }

  async rows<Row extends object>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return (await this.#pool.query<Row>(text, [...values])).rows;
  }

  /** In the order of their opening. */
  attempts = (name: string): Promise<readonly AttemptRow[]> => this.rows<AttemptRow>(OF_CONNECTION, [name]);

  /** @throws Error where there is none. */
  async connection(name: string): Promise<ConnectionRow> {
    const [row] = await this.rows<ConnectionRow>('select * from connections where name = $1', [name]);
    if (row === undefined) {
      throw new Error(`There is no connection ${name}.`);
    }
    return row;
  }

  /** Audit events of a connection's refreshes, in the order of their writing. */
  refreshEvents = (name: string): Promise<readonly { readonly action: string; readonly reason: string | null }[]> =>
    this.rows(
      `select action, reason from audit_lines where connection = $1 and action like 'refresh.%' order by at, stream, seq`,
      [name],
    );

  /** How many second answers are kept for a connection. */
  async spares(name: string): Promise<number> {
    const text = 'select s.id from spares s join connections c on c.id = s.connection_id where c.name = $1';
    return (await this.rows(text, [name])).length;
  }

  /** Makes connections due now, and used a moment ago: a strict one that nobody uses is left alone. */
  async makeDue(...names: readonly string[]): Promise<void> {
    const text = `update connections set refresh_at = clock_timestamp(), retry_at = null, last_used_at = clock_timestamp()
      where name = any($1)`;
    await this.rows(text, [names]);
  }

  /** The same where it is this generation still: one that was renewed a moment ago does not fall due anew. */
  async makeDueIn(generation: number, name: string): Promise<void> {
    const text = `update connections set refresh_at = clock_timestamp(), retry_at = null, last_used_at = clock_timestamp()
      where name = $1 and generation = $2`;
    await this.rows(text, [name, generation]);
  }

  /** Brings the end of the current token to `seconds` from now. */
  async expireIn(name: string, seconds: number): Promise<void> {
    const text = `update connections set token_expires_at = clock_timestamp() + $2 * interval '1 second' where name = $1`;
    await this.rows(text, [name, seconds]);
  }

  /** The open attempt, once there is one: the intent is committed, and nobody says yet whether anything was sent. */
  untilOpenAttempt = (name: string, ms?: number): Promise<AttemptRow> =>
    until(`an attempt of ${name} is open`, async () => (await this.attempts(name)).find(isOpen), ms);

  /** Every attempt, once none is open. */
  untilClosed = (name: string, count = 1, ms?: number): Promise<readonly AttemptRow[]> =>
    until(
      `${count} attempts of ${name} are closed`,
      async () => {
        const attempts = await this.attempts(name);
        return attempts.length >= count && !attempts.some(isOpen) && attempts;
      },
      ms,
    );

  untilGeneration = (name: string, generation: number, ms?: number): Promise<ConnectionRow> =>
    until(
      `${name} has generation ${generation}`,
      async () => {
        const row = await this.connection(name);
        return row.generation >= generation && row;
      },
      ms,
    );

  untilState = (name: string, state: string, ms?: number): Promise<ConnectionRow> =>
    until(
      `${name} is ${state}`,
      async () => {
        const row = await this.connection(name);
        return row.state === state && row;
      },
      ms,
    );

  /** Keeps every append to the audit log waiting: between the intent and the send, or between the adoption and its row. */
  holdAudit = (): Promise<LetGo> => this.hold('lock table audit_events in share mode');

  /** Keeps every change of the connection's row waiting: the answer is there and spooled, its adoption cannot commit. */
  holdConnection = (name: string): Promise<LetGo> =>
    this.hold('select from connections where name = $1 for update', [name]);

  /** Opens a transaction with this statement in it, until it is let go. */
  async hold(text: string, values: readonly unknown[] = []): Promise<LetGo> {
    const client = new Client({ connectionString: this.url, application_name: HARNESS });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('begin');
    await client.query(text, [...values]);
    return async () => {
      await client.query('rollback').catch(() => undefined);
      await client.end();
    };
  }

  /** Resolves once a statement of a broker waits for a lock. */
  untilBlocked = (ms?: number): Promise<unknown> =>
    until(
      'a broker waits for a lock',
      async () => {
        const rows = await this.rows(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return rows.length > 0;
      },
      ms,
    );

  /** Ends the sessions that wait for a lock: what they wanted to write is lost. */
  async endBlocked(): Promise<void> {
    await this.rows(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
  }

  /** Ends every session of the database but ours. */
  async cutSessions(): Promise<void> {
    await this.rows(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name is distinct from $1`,
      [HARNESS],
    );
  }

  end = (): Promise<void> => this.#pool.end();
}

const isOpen = ({ closed_at }: AttemptRow): boolean => closed_at === null;
