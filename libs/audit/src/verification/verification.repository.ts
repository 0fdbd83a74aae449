import { type Database, patienceFor, toStorageError } from '@app/database';
import type { CustomTypesConfig, QueryConfig } from 'pg';
import type { LogRow, LogSource, Snapshot, StoredCheckpoint, TimeRange } from './log-source.js';
import { paged } from './paged.js';
import {
  CHECKPOINT_BEFORE,
  CHECKPOINTS,
  EMPTY_DAYS,
  FIND,
  FIND_BEFORE,
  NEWEST_RETIREMENT,
  ROWS,
  SNAPSHOT,
  STRAYS,
} from './verification.statements.js';

/** Few enough to hold, many enough that asking costs little beside reading. Each page is a statement of its own, so that nothing is locked for long. */
const PAGE = 2000;
/** Where a row went is looked for in the whole log. */
const LOOK_UP_WITHIN_MS = 600_000;
const FIRST = '0001-01-01T00:00:00Z';
const LAST = 'infinity';

/** Columns of a row as text, in the order of the statements. */
type Fields = readonly [...columns: (string | null)[]];

/** Everything stays the text that Postgres sends: nothing is parsed that is only compared. */
const AS_TEXT: CustomTypesConfig = { getTypeParser: () => (text: string | Buffer) => text } as CustomTypesConfig;

interface CheckpointRow {
  readonly number: string;
  readonly at: string;
  readonly key_id: string;
  readonly body: string;
  readonly signature: Buffer;
  readonly retired_before: string | null;
}

interface SnapshotRow {
  readonly last_checkpoint: string;
  readonly taken_at: string;
  readonly id: string | null;
  readonly replica: string;
  readonly head_seq: string;
  readonly head_hash: string;
  readonly head_at: string | null;
  readonly checkpoint_seq: string;
}

/** The log in the database, read page by page over the pool of ordinary requests: an append never waits for it. */
export class VerificationRepository implements LogSource {
  readonly isWhole = true;

  constructor(
    private readonly database: Database,
    private readonly pageRows = PAGE,
  ) {}

  async retirement(): Promise<StoredCheckpoint | undefined> {
    const [row] = await this.database.query<CheckpointRow>({ text: NEWEST_RETIREMENT, values: [] });
    return row && toCheckpoint(row);
  }

  async snapshot(): Promise<Snapshot> {
    const rows = await this.database.query<SnapshotRow>({ text: SNAPSHOT, values: [] });
    const streams = rows.flatMap(({ id, ...row }) => (id === null ? [] : [toStream(id, row)]));
    return {
      lastCheckpoint: Number(rows[0]?.last_checkpoint ?? 0),
      takenAt: rows[0]?.taken_at ?? new Date().toISOString(),
      streams,
    };
  }

  checkpoints(after: number, last: number | undefined): AsyncIterable<readonly StoredCheckpoint[]> {
    const read = async (previous: StoredCheckpoint | undefined): Promise<readonly StoredCheckpoint[]> => {
      const values = [previous?.columns?.number ?? after, last ?? Number.MAX_SAFE_INTEGER, PAGE];
      const rows = await this.database.query<CheckpointRow>({ text: CHECKPOINTS, values });
      return rows.map(toCheckpoint);
    };
    return paged(read, PAGE);
  }

  async checkpointBefore(time: string): Promise<number> {
    const [row] = await this.database.query<{ number: string }>({ text: CHECKPOINT_BEFORE, values: [time] });
    return Number(row?.number ?? 0);
  }

  rows({ from, to }: TimeRange): AsyncIterable<readonly LogRow[]> {
    const read = (last: LogRow | undefined): Promise<readonly LogRow[]> =>
      this.#read(
        ROWS,
        [last?.at ?? from ?? FIRST, last?.stream ?? 0, last?.seq ?? 0, to ?? LAST, this.pageRows],
        'audit-verify-rows',
      );
    return paged(read, this.pageRows);
  }

  find(stream: string, seq: number): Promise<readonly LogRow[]> {
    return this.#lookUp(FIND, [stream, seq]);
  }

  async findBefore(stream: string, seq: number, time: string): Promise<LogRow | undefined> {
    const [row] = await this.#lookUp(FIND_BEFORE, [stream, seq, time]);
    return row;
  }

  async emptyDays(first: string, last: string): Promise<readonly string[]> {
    const values = [first.slice(0, 10), last.slice(0, 10)];
    const rows = await this.database.query<{ day: string }>({ text: EMPTY_DAYS, values });
    return rows.map(({ day }) => day);
  }

  strays(after: string): Promise<readonly LogRow[]> {
    return this.#read(STRAYS, [after]);
  }

  async #read(text: string, values: unknown[], name?: string): Promise<readonly LogRow[]> {
    try {
      const { rows } = await this.database.requestPool.query<string[], unknown[]>(toQuery(text, values, name));
      return rows.map(toRow);
    } catch (error) {
      throw toStorageError(error);
    }
  }

  /** As `#read`, with the time that a search of the whole log may take. */
  async #lookUp(text: string, values: unknown[]): Promise<readonly LogRow[]> {
    const client = await this.database.requestPool.connect().catch((error: unknown) => {
      throw toStorageError(error);
    });
    let broken = true;
    try {
      await client.query('BEGIN READ ONLY');
      await client.query(`SET LOCAL statement_timeout = ${LOOK_UP_WITHIN_MS}`);
      const patient = { ...toQuery(text, values), query_timeout: patienceFor(LOOK_UP_WITHIN_MS) };
      const { rows } = await client.query<string[], unknown[]>(patient);
      await client.query('COMMIT');
      broken = false;
      return rows.map(toRow);
    } catch (error) {
      throw toStorageError(error);
    } finally {
      // A connection that failed half-way may still be inside the transaction: it is closed, not given back.
      client.release(broken);
    }
  }
}

const toQuery = (text: string, values: unknown[], name?: string) =>
  ({
    text,
    values,
    rowMode: 'array',
    types: AS_TEXT,
    ...(name === undefined ? {} : { name }),
  }) as const satisfies QueryConfig<unknown[]> & { readonly rowMode: 'array' };

/** The array of the row is handed on as it is: its first fields are the columns that are compared. */
function toRow(fields: Fields): LogRow {
  const [stream, seq, at, hash, body] = fields.slice(-5) as [string, string, string, string, string];
  return { stream, seq: Number(seq), at, hash, body, columns: fields };
}

const toCheckpoint = ({ number, at, key_id, body, signature, retired_before }: CheckpointRow): StoredCheckpoint => ({
  body,
  signature,
  columns: { number: Number(number), at, keyId: key_id, retiredBefore: retired_before },
});

const toStream = (id: string, row: Omit<SnapshotRow, 'id'>): Snapshot['streams'][number] => ({
  id,
  replica: row.replica,
  headSeq: Number(row.head_seq),
  headHash: row.head_hash,
  headAt: row.head_at,
  checkpointSeq: Number(row.checkpoint_seq),
});
