import type { BrokersDatabase } from './brokers/index.js';

/**
 * A schema that is looked into before Postgres' own: whoever calls `clock_timestamp()` from now on is told a time that a test
 * can move. Every statement of the brokers asks so, and no process notices a difference to a server whose clock was set.
 */
const SHIFTABLE = `
create schema shifted;
create table shifted.clock (seconds float8 not null);
insert into shifted.clock values (0);
create function shifted.clock_timestamp() returns timestamptz language sql volatile as
  $$ select pg_catalog.clock_timestamp() + seconds * interval '1 second' from shifted.clock $$;
do $$ begin
  execute format('alter database %I set search_path = shifted, pg_catalog, public', current_database());
end $$`;

/** The clock of a database. Sessions know it from their beginning: to be made before brokers start. */
export class DatabaseClockShift {
  constructor(private readonly database: Pick<BrokersDatabase, 'rows'>) {}

  async make(): Promise<void> {
    await this.database.rows(SHIFTABLE);
  }

  /** Moves it by so many seconds, at once; negative sets it back. */
  async step(seconds: number): Promise<void> {
    await this.database.rows('update shifted.clock set seconds = seconds + $1', [seconds]);
  }

  /** Right again. */
  async mend(): Promise<void> {
    await this.database.rows('update shifted.clock set seconds = 0');
  }
}
