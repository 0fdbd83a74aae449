import { TIMING } from '@app/config';
import { isRefusal, SharedConnection, textArray } from '@app/database';
import type { Pool, QueryConfig } from 'pg';
import { genesis, type Link } from '../chain/chain.js';
import { type AuditBatch, type AuditStore, BatchRefused, type Receipt, StreamMoved } from './audit.store.js';
import { CLOSE_STREAM, INSERT_BATCH, OPEN_STREAM, PROBE, SETTLE } from './audit.statements.js';
import { toRow } from './row.js';
import { Stream } from './stream.js';

const NO_REPLICA = '00000000-0000-0000-0000-000000000000';

/** pg reads `query_timeout` of a single statement; its type declarations do not know of it. */
interface Statement extends QueryConfig<unknown[]> {
  readonly query_timeout: number;
}

/** The tables `audit_streams` and `audit_events`, written over the pool that is reserved for them. */
export class AuditRepository implements AuditStore {
  readonly #batches: SharedConnection;

  /** `withinMs` bounds one statement on this side, for a server that stopped answering: pg then gives the connection up. */
  constructor(
    private readonly pool: Pool,
    private readonly withinMs: number = TIMING.appendWithinMs,
  ) {
    this.#batches = new SharedConnection(pool);
  }

  async openStream(): Promise<string> {
    const { rows } = await this.pool.query<{ id: string }>(
      this.#bounded({ name: 'audit-open-stream', text: OPEN_STREAM }),
    );
    const [row] = rows;
    if (!row) {
      throw new Error('The sequence of audit_streams answered no number.');
    }
    return row.id;
  }

  async insert(batch: AuditBatch): Promise<Receipt> {
    const { rows } = await this.#batches
      .query<{ advanced: boolean; mark: string }>(this.#bounded(insertStatement(batch)))
      .catch((error: unknown) =>
        Promise.reject(isRefusal(error) ? new BatchRefused('refused', { cause: error }) : error),
      );
    const [row] = rows;
    if (row?.advanced !== true) {
      throw new StreamMoved('The head of the stream is not where this writer left it.');
    }
    return { mark: row.mark };
  }

  async settle({ stream, replica, device }: AuditBatch): Promise<Link> {
    // Where no batch has opened it, it ends before its first row, whichever batch asks.
    const values = [stream, replica, device, genesis(stream, replica).hash];
    const { rows } = await this.pool.query<Link>(this.#bounded({ name: 'audit-settle', text: SETTLE, values }));
    const [row] = rows;
    if (!row) {
      throw new Error('A stream was closed and answered no head.');
    }
    return { seq: Number(row.seq), hash: row.hash };
  }

  async close(stream: string): Promise<void> {
    await this.pool.query(this.#bounded({ name: 'audit-close-stream', text: CLOSE_STREAM, values: [stream] }));
  }

  async probe(): Promise<boolean> {
    const { rows } = await this.pool.query<{ appendable: boolean }>(
      this.#bounded({ name: 'audit-probe', text: PROBE }),
    );
    return rows[0]?.appendable === true;
  }

  async rehearse(): Promise<boolean> {
    const stream = new Stream(await this.openStream(), NO_REPLICA);
    const rows = [toRow({ action: 'replica.started', outcome: 'started', actor: { type: 'system' } })];
    const batch = stream.extend(rows, Date.now());
    const client = await this.pool.connect();
    let broken = true;
    try {
      await client.query(this.#bounded({ text: 'BEGIN' }));
      await client.query(this.#bounded(insertStatement(batch)));
      await client.query(this.#bounded({ text: 'ROLLBACK' }));
      broken = false;
      return true;
    } finally {
      // A connection that failed half-way may still be inside the transaction: it is closed, not given back.
      client.release(broken);
    }
  }

  #bounded(query: QueryConfig<unknown[]>): Statement {
    return { ...query, query_timeout: this.withinMs };
  }
}

const insertStatement = (batch: AuditBatch): QueryConfig<unknown[]> => {
  const { stream, replica, device, at, previous, last, rows, bodies, hashes } = batch;
  return {
    name: 'audit-insert-batch',
    text: INSERT_BATCH,
    values: [
      stream,
      replica,
      device,
      new Date(at).toISOString(),
      previous.seq,
      previous.hash,
      last.seq,
      last.hash,
      textArray(rows.map(({ action }) => action)),
      textArray(rows.map(({ outcome }) => outcome)),
      textArray(rows.map(({ caller }) => caller)),
      textArray(rows.map(({ provider }) => provider)),
      textArray(rows.map(({ connection }) => connection)),
      textArray(rows.map(({ requestId }) => requestId)),
      textArray(rows.map(({ tokenFingerprint }) => tokenFingerprint)),
      hashes,
      // JSON in one line holds no line break, so this takes no escaping.
      bodies.join('\n'),
    ],
  };
};
