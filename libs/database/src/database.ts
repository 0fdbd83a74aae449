import { Inject, Injectable } from '@nestjs/common';
import { BrokerError } from '@app/common';
import { Config } from '@app/config';
import type { Pool } from 'pg';
import type { Prisma, PrismaClient } from './generated/client.js';
import { openPool } from './pool.js';
import { toStorageError } from './storage-error.js';

/** A client inside a transaction. */
export type Transaction = Prisma.TransactionClient;

/** For `withinMs` of what finds some rows by their keys while a caller waits: longer than that only a server takes that does not answer. */
export const ROWS_WITHIN_MS = 3000;

/** One SQL statement with its parameters; `name` has Postgres keep its plan. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values: readonly unknown[];
  /** How long to wait for the answer of a server that may hang; otherwise a little longer than it may work on a statement. */
  readonly withinMs?: number;
}

/**
 * Postgres, in three pools: `requests` for everything a caller waits for, `adoption` for what a provider answered, `audit` for
 * the log. A full request pool can never keep a received token from being stored, or a row from being written.
 */
@Injectable()
export class Database {
  readonly requestPool: Pool;
  readonly adoptionPool: Pool;
  readonly auditPool: Pool;
  #prisma: Promise<PrismaClient> | undefined;

  constructor(@Inject(Config) config: Config) {
    if (config.databaseUrl === undefined) {
      throw new BrokerError('storage_unavailable', 'No database is configured: set DATABASE_URL.');
    }
    const settings = {
      connectionString: config.databaseUrl.reveal(),
      statement_timeout: config.timing.statementWithinMs,
    };
    this.requestPool = openPool({ ...settings, application_name: 'claviger-requests', max: 10 });
    this.adoptionPool = openPool({ ...settings, application_name: 'claviger-adoption', max: 2 });
    this.auditPool = openPool({ ...settings, application_name: 'claviger-audit', max: 2, pipeline: true });
  }

  /** Rows of one statement on the request pool. @throws BrokerError `storage_unavailable` where Postgres cannot be reached. */
  query<Row extends object>(statement: Statement): Promise<Row[]> {
    return this.#run<Row>(this.requestPool, statement);
  }

  /** As `query`, on the pool kept free for storing what providers answered. */
  adopt<Row extends object>(statement: Statement): Promise<Row[]> {
    return this.#run<Row>(this.adoptionPool, statement);
  }

  /** Runs `work` in one transaction: it commits when `work` resolves and is undone when it throws. */
  async transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    try {
      const prisma = await this.#client();
      return await prisma.$transaction(work, { maxWait: 2000, timeout: 10_000 });
    } catch (error) {
      throw toStorageError(error);
    }
  }

  /** True where the database answers and takes writes: readiness. */
  async isWritable(): Promise<boolean> {
    const rows = await this.query<{ writable: boolean }>({
      text: "select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off' as writable",
      values: [],
      withinMs: 2000,
    });
    return rows[0]?.writable === true;
  }

  /** Closes every pool; the last thing a broker does with its database. */
  async close(): Promise<void> {
    const prisma = await this.#prisma?.catch(() => undefined);
    await prisma?.$disconnect();
    await Promise.all([this.requestPool, this.adoptionPool, this.auditPool].map((pool) => pool.end()));
  }

  #client(): Promise<PrismaClient> {
    this.#prisma ??= openPrisma(this.requestPool).catch((error: unknown) => {
      // The next transaction tries again.
      this.#prisma = undefined;
      throw error;
    });
    return this.#prisma;
  }

  async #run<Row extends object>(pool: Pool, { name, text, values, withinMs }: Statement): Promise<Row[]> {
    const named = name === undefined ? {} : { name };
    // pg reads it of a single statement; its type declarations do not know of it.
    const bounded = withinMs === undefined ? {} : { query_timeout: withinMs };
    try {
      const { rows } = await pool.query<Row>({ text, values: [...values], ...named, ...bounded });
      return rows;
    } catch (error) {
      throw toStorageError(error);
    }
  }
}

/** Prisma is for what administrators do: a broker that hands out tokens alone never loads it (ADR 46). */
async function openPrisma(pool: Pool): Promise<PrismaClient> {
  const [{ PrismaPg }, generated] = await Promise.all([import('@prisma/adapter-pg'), import('./generated/client.js')]);
  return new generated.PrismaClient({ adapter: new PrismaPg(pool) });
}
