import type { Pool, PoolClient, QueryConfig, QueryResult, QueryResultRow } from 'pg';

interface Held {
  readonly client: Promise<PoolClient>;
  users: number;
  broken: boolean;
}

/** An ERROR undoes its statement; anything worse, or silence, leaves open what became of it. */
export const isRefusal = (error: unknown): boolean => (error as { severity?: unknown }).severity === 'ERROR';

const ignore = (): void => undefined;

/**
 * One connection of a pool for all statements that are under way together, so that Postgres runs them in the order in which they were
 * handed in: a pipeline where the pool has pg's pipeline mode, else one after the other. It is given back when none is under way.
 */
export class SharedConnection {
  #held: Held | undefined;

  constructor(private readonly pool: Pool) {}

  async query<Row extends QueryResultRow>(statement: QueryConfig<unknown[]>): Promise<QueryResult<Row>> {
    const held = (this.#held ??= { client: this.#connect(), users: 0, broken: false });
    held.users += 1;
    try {
      const client = await held.client;
      return await client.query<Row>(statement);
    } catch (error) {
      held.broken ||= !isRefusal(error);
      throw error;
    } finally {
      held.users -= 1;
      this.#let(held);
    }
  }

  async #connect(): Promise<PoolClient> {
    const client = await this.pool.connect();
    // What breaks it fails its statements; unheard, it would end the process besides.
    client.on('error', ignore);
    return client;
  }

  /** A broken connection takes no further statement. */
  #let(held: Held): void {
    if (this.#held === held && (held.broken || held.users === 0)) {
      this.#held = undefined;
    }
    if (held.users === 0) {
      this.#giveBack(held).catch(ignore);
    }
  }

  async #giveBack({ client, broken }: Held): Promise<void> {
    const given = await client;
    given.off('error', ignore);
    given.release(broken);
  }
}
