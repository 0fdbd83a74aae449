import { Client } from 'pg';

/** A copy of a database, taken and brought back as an operator does with a dump: while nobody uses the one or the other. */
export class DatabaseDump {
  readonly #name: string;

  constructor(private readonly url: string) {
    this.#name = new URL(url).pathname.slice(1);
  }

  /** Takes the copy. Ends whatever sessions there are. */
  take = (): Promise<void> => this.#copy(this.#name, `${this.#name}_dump`);

  /** Puts it in the place of the database. */
  restore = (): Promise<void> => this.#copy(`${this.#name}_dump`, this.#name);

  remove = (): Promise<void> => this.#run([`drop database if exists ${this.#name}_dump with (force)`]);

  #copy(from: string, to: string): Promise<void> {
    const endSessions = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${from}'`;
    return this.#run([
      `drop database if exists ${to} with (force)`,
      endSessions,
      `create database ${to} template ${from}`,
    ]);
  }

  async #run(statements: readonly string[]): Promise<void> {
    const client = new Client({ connectionString: Object.assign(new URL(this.url), { pathname: '/postgres' }).href });
    await client.connect();
    try {
      for (const statement of statements) {
        await client.query(statement);
      }
    } finally {
      await client.end();
    }
  }
}
