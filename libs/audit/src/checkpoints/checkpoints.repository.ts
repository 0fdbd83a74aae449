import { BrokerError } from '@app/common';
import type { Pool, QueryConfig } from 'pg';
import type { Checkpoint, SignedCheckpoint, StreamHead } from '../chain/checkpoint.js';
import { FREE_LEASE, INSERT_CHECKPOINT, LOOK, MARK_HEADS, TAKE_LEASE } from './checkpoints.statements.js';
import type { LogState } from './compose.js';

/** Client side limit of one statement, for a server that stopped answering: pg then gives the connection up. */
const PATIENCE_MS = 2000;
const UNIQUE_VIOLATION = '23505';
const ROW_GONE =
  'The row of audit_signer is gone: as the owner of the tables, run "INSERT INTO audit_signer (id) VALUES (1)".';

interface StateRow {
  readonly now: Date;
  readonly body: string | null;
  readonly signature: Buffer | null;
  readonly heads: readonly StreamHead[];
}

interface LeaseRow {
  readonly mine: boolean;
  readonly present: boolean;
  readonly newest: string | null;
  readonly unsigned: boolean;
}

/** What came of asking for the right to sign. */
export interface Lease {
  /** True where this replica may sign. */
  readonly mine: boolean;
  /** Number of the newest checkpoint, 0 where there is none. */
  readonly newest: number;
  /** True where another one may sign, and something waits to be signed. */
  readonly unsigned: boolean;
}

/** The tables `audit_checkpoints` and `audit_signer`, and what `audit_streams` says of checkpoints. */
export class CheckpointsRepository {
  constructor(private readonly pool: Pool) {}

  /**
   * The right to sign for the next `ms` milliseconds, where it can be had.
   * @throws BrokerError `audit_unavailable` where the row that holds it is gone.
   */
  async takeLease(replica: string, ms: number): Promise<Lease> {
    const [row] = await this.#query<LeaseRow>('audit-take-lease', TAKE_LEASE, [replica, ms]);
    if (row?.present !== true) {
      throw new BrokerError('audit_unavailable', ROW_GONE);
    }
    return { mine: row.mine, newest: Number(row.newest), unsigned: row.unsigned };
  }

  /** Lets another replica sign at once. */
  async freeLease(replica: string): Promise<void> {
    await this.#query('audit-free-lease', FREE_LEASE, [replica]);
  }

  /** The log at one moment. */
  async look(): Promise<LogState> {
    const [row] = await this.#query<StateRow>('audit-look', LOOK, []);
    if (row === undefined) {
      throw new Error('The database answered no state of the log.');
    }
    const { now, body, signature, heads } = row;
    return {
      now: now.getTime(),
      heads,
      newest: body === null || signature === null ? undefined : { body, signature },
    };
  }

  /** One commit: the checkpoint, and that its heads are signed. False where somebody else has signed this number: nothing is written then. */
  async insert(checkpoint: Checkpoint, { body, signature }: SignedCheckpoint): Promise<boolean> {
    const { number, at, key, streams, retired } = checkpoint;
    const values = [number, ...columns(streams), at, key, body, signature, retired?.before ?? null];
    try {
      await this.#query('audit-insert-checkpoint', INSERT_CHECKPOINT, values);
      return true;
    } catch (error) {
      if ((error as { code?: unknown }).code === UNIQUE_VIOLATION) {
        return false;
      }
      throw error;
    }
  }

  /** Heads that checkpoint `number` names are signed: for those whose rows were busy when it was written. */
  async markSigned(number: number, heads: readonly StreamHead[]): Promise<void> {
    await this.#query('audit-mark-heads', MARK_HEADS, [number, ...columns(heads)]);
  }

  async #query<Row extends object>(name: string, text: string, values: readonly unknown[]): Promise<Row[]> {
    const statement: QueryConfig<unknown[]> & { query_timeout: number } = {
      name,
      text,
      values: [...values],
      query_timeout: PATIENCE_MS,
    };
    return (await this.pool.query<Row>(statement)).rows;
  }
}

const columns = (heads: readonly StreamHead[]): readonly [string[], number[]] => [
  heads.map(({ id }) => id),
  heads.map(({ seq }) => seq),
];
