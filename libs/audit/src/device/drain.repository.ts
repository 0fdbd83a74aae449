import type { Pool } from 'pg';
import { AuditRepository } from '../writing/audit.repository.js';
import type { AuditBatch } from '../writing/audit.store.js';
import type { DrainStore, Standing } from './drain.store.js';

const FIND_STANDING = `
SELECT head_seq AS seq, head_hash AS hash, closed_at IS NOT NULL AS closed FROM audit_streams WHERE id = $1::bigint`;

/** Partitions are made a week ahead, so there is one unless the file lay for longer than the log is kept. */
const MAKE_PARTITION = `SELECT audit_make_partitions(day, day) FROM (SELECT ($1::timestamptz AT TIME ZONE 'UTC')::date AS day) AS d`;

interface Row {
  readonly seq: string;
  readonly hash: Buffer;
  readonly closed: boolean;
}

/** Local streams on their way into the tables `audit_streams` and `audit_events`, beside the pool that appends have for themselves. */
export class DrainRepository implements DrainStore {
  private readonly log: AuditRepository;

  constructor(private readonly pool: Pool) {
    this.log = new AuditRepository(pool);
  }

  async findStanding(stream: string): Promise<Standing | undefined> {
    const { rows } = await this.pool.query<Row>(FIND_STANDING, [stream]);
    return rows[0] && { ...rows[0], seq: Number(rows[0].seq) };
  }

  async prepare({ at }: AuditBatch): Promise<void> {
    await this.pool.query(MAKE_PARTITION, [new Date(at).toISOString()]);
  }

  insert(batch: AuditBatch): Promise<unknown> {
    return this.log.insert(batch);
  }

  close(stream: string): Promise<void> {
    return this.log.close(stream);
  }
}
