import { Client, type ClientConfig, Pool, type PoolClient, type PoolConfig } from 'pg';

/** What a pool must be told. */
export interface PoolSettings extends PoolConfig {
  readonly connectionString: string;
  readonly application_name: string;
  readonly max: number;
  /** How long the server works on one statement, in milliseconds. */
  readonly statement_timeout: number;
}

/**
 * How long to wait here for a statement that the server ends after `statementTimeoutMs`. A server that works says that it did so; one
 * that has vanished without closing its connections says nothing, and TCP hopes for a quarter of an hour.
 */
export const patienceFor = (statementTimeoutMs: number): number => statementTimeoutMs * 1.2;

/** As pg says that an answer did not come in time. */
const NO_ANSWER = 'Query read timeout';

/**
 * A pool whose statements end by themselves: by the server within `statement_timeout`, or by this side soon after, where no answer
 * comes. A connection that owes an answer is closed and replaced.
 */
export function openPool(settings: PoolSettings): Pool {
  const pool = new Pool({
    connectionTimeoutMillis: 3000,
    idleTimeoutMillis: 30_000,
    query_timeout: patienceFor(settings.statement_timeout),
    keepAlive: true,
    // One in pipeline mode closes itself.
    ...(settings.pipeline === true ? {} : { Client: ImpatientClient }),
    ...settings,
  });
  // An idle connection that breaks is replaced by the next query; unheard, its error would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client: PoolClient) => client.on('error', () => undefined));
  return pool;
}

/**
 * Closes its connection where an answer did not come in time. pg leaves that to whoever holds the client: Prisma would send a
 * ROLLBACK behind the statement, wait as long for that, and give the client back as a good one.
 */
class ImpatientClient extends Client {
  constructor(config?: ClientConfig) {
    super(config);
    this.query = ((...statement: unknown[]): unknown =>
      this.#watched(Reflect.apply(Client.prototype.query, this, statement))) as Client['query'];
  }

  /** Where there is no promise, the pool asks for itself, and closes what failed. */
  #watched<Answer>(answer: Answer): Answer {
    if (answer instanceof Promise) {
      answer.catch((error: unknown) => {
        if ((error as { message?: unknown } | undefined)?.message === NO_ANSWER) {
          void this.end();
        }
      });
    }
    return answer;
  }
}
