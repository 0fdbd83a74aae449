import { generateKeyFile } from '@app/crypto';
import { Database } from '@app/database';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { isSignedBy, parseCheckpoint, type Retirement, signCheckpoint } from '../../libs/audit/src/chain/checkpoint.js';
import { CheckpointsRepository } from '../../libs/audit/src/checkpoints/checkpoints.repository.js';
import { nextCheckpoint } from '../../libs/audit/src/checkpoints/compose.js';
import { Retention } from '../../libs/audit/src/keeping/retention.js';
import { type AuditReplica, issued, startAuditReplica } from '../support/audit-replica.js';
import { sql } from '../support/test-database.js';

const keys = generateKeyFile();
const DAY_MS = 86_400_000;
const { signal } = new AbortController();

/** Midnight (UTC) so many days ago, and the name of that day. */
const midnight = (daysAgo: number): number => Math.floor(Date.now() / DAY_MS - daysAgo) * DAY_MS;
const day = (daysAgo: number): string => new Date(midnight(daysAgo)).toISOString().slice(0, 10);
const noon = (daysAgo: number): number => midnight(daysAgo) + DAY_MS / 2;

const partitions = async (): Promise<readonly string[]> => {
  const rows = await sql<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_events'::regclass order by 1`,
  );
  return rows.map(({ name }) => name.slice(-8));
};
const compact = (daysAgo: number): string => day(daysAgo).replaceAll('-', '');

const round = ({ parts }: AuditReplica) => parts.get(Retention).round(signal);
const streamOf = async (at: number): Promise<string> => {
  const [row] = await sql<{ stream: string }>('select min(stream)::text as stream from audit_events where at = $1', [
    new Date(at),
  ]);
  return row?.stream ?? '';
};
const rowsLeft = async (): Promise<number> =>
  Number((await sql<{ count: string }>('select count(*) from audit_events'))[0]?.count);

describe(Retention.name, () => {
  let replica: AuditReplica;
  let idle: AuditReplica;
  let ended: AuditReplica;
  let now: number;

  const start = (days: number): Promise<AuditReplica> =>
    startAuditReplica({ keys, now: () => now, config: { auditRetentionDays: days } });
  const record = async (writer: AuditReplica, at: number, rows: number): Promise<void> => {
    now = at;
    await writer.log.appendAll(Array.from({ length: rows }, () => issued()));
  };

  /** Signs as if it were then. */
  const checkpointAt = async (at: number): Promise<void> => {
    const repository = new CheckpointsRepository(replica.parts.get(Database).auditPool);
    const { id, privateKey } = replica.keyring.auditSigning;
    const checkpoint = nextCheckpoint({ ...(await repository.look()), now: at }, id);
    if (checkpoint !== undefined) {
      await repository.insert(checkpoint, signCheckpoint(checkpoint, privateKey));
    }
  };

  const newestRetirement = async (): Promise<Retirement | undefined> => {
    const [row] = await sql<{ body: string; signature: Buffer; key_id: string }>(
      'select body, signature, key_id from audit_checkpoints where retired_before is not null order by number desc limit 1',
    );
    const key = replica.keyring.auditPublicKeys.get(row?.key_id ?? '');
    expect(row !== undefined && key !== undefined && isSignedBy(row, key)).toBe(true);
    return parseCheckpoint(row?.body ?? '').retired;
  };

  /** Three streams: one that ended five days ago, one idle since four days, one that goes on. */
  beforeEach(async () => {
    await sql('truncate audit_events, audit_streams, audit_checkpoints restart identity');
    await sql(`update audit_signer set replica = null, expires_at = '-infinity'`);
    await sql('select audit_make_partitions($1, $2)', [day(6), day(-7)]);
    [replica, idle, ended] = await Promise.all([start(2), start(2), start(2)]);
    await record(ended, noon(5), 3);
    await record(idle, noon(4), 2);
    await sql('update audit_streams set closed_at = $1 where id = $2', [new Date(noon(5)), await streamOf(noon(5))]);
    await checkpointAt(noon(4));
    await record(replica, midnight(2) - 1, 4);
    await record(replica, midnight(2), 5);
    await checkpointAt(noon(2));
    await replica.checkpoints.round();
    now = Date.now();
  });

  afterEach(() => Promise.all([replica, idle, ended].map((one) => one.stop())));

  it('should drop the days whose time is over, after a checkpoint says what they ended with', async () => {
    const [endedStream, idleStream, stream] = [
      await streamOf(noon(5)),
      await streamOf(noon(4)),
      await streamOf(midnight(2)),
    ];
    await expect(round(replica)).resolves.toEqual({ state: 'retired', before: day(2), rows: 9 });
    expect((await partitions())[0]).toBe(compact(2));
    expect(await newestRetirement()).toMatchObject({
      before: day(2),
      streams: [
        { id: idleStream, seq: 2 },
        { id: stream, seq: 4 },
      ],
      checkpoint: { number: 1 },
    });
    const streams = await sql<{ id: string }>('select id from audit_streams order by id');
    expect(streams.map(({ id }) => id)).toEqual([idleStream, stream]);
    expect(streams.map(({ id }) => id)).not.toContain(endedStream);
    expect(await sql('select min(number)::int as first from audit_checkpoints')).toEqual([{ first: 2 }]);
    const [line] = await sql<{ reason: string }>(`select reason from audit_lines where action = 'audit.retired'`);
    expect(line?.reason).toBe(`before=${day(2)} rows=9`);
    await expect(round(replica)).resolves.toEqual({ state: 'nothing' });
  });

  it('should go on from there the next time, also for a stream that was silent all the while', async () => {
    await round(replica);
    const first = await newestRetirement();
    await record(replica, Date.now(), 1);
    const later = await start(1);
    await sql(`update audit_signer set expires_at = '-infinity'`);
    await expect(round(later)).resolves.toEqual({ state: 'retired', before: day(1), rows: 5 });
    const second = await newestRetirement();
    expect(second?.streams[0]).toEqual(first?.streams[0]);
    expect(second).toMatchObject({ streams: [{ seq: 2 }, { seq: 9 }], checkpoint: { number: 2 } });
    await later.stop();
  });

  it('should keep everything where nobody says for how long', async () => {
    const keeping = await startAuditReplica({ keys });
    await expect(round(keeping)).resolves.toEqual({ state: 'nothing' });
    await keeping.stop();
    expect(await rowsLeft()).toBe(14);
  });

  it('should retire nothing where another replica signs', async () => {
    await expect(round(idle)).resolves.toEqual({ state: 'nothing' });
    expect((await partitions())[0]).toBe(compact(6));
  });

  it.each<[string, () => Promise<unknown>, string]>([
    [
      'an edited row',
      () => sql(`update audit_events set body = replace(body, 'acme', 'evil') where seq = 2`),
      'row 2: row_edited',
    ],
    [
      'a row that is gone',
      () => sql('delete from audit_events where at = $1 and seq = 2', [new Date(noon(5))]),
      'row 2: row_deleted',
    ],
    [
      'a cut tail',
      () => sql('delete from audit_events where at = $1 and seq = 3', [new Date(noon(5))]),
      'row 3: tail_cut',
    ],
    ['a partition that is gone', () => sql(`drop table audit_events_${compact(5)}`), 'row 1: stream_missing'],
  ])('should drop nothing where it finds %s', async (_what, tamper, fault) => {
    await tamper();
    const left = [await rowsLeft(), await partitions()];
    await expect(round(replica)).resolves.toEqual({ state: 'fault', fault: expect.stringContaining(fault) });
    expect([await rowsLeft(), await partitions()]).toEqual(left);
  });

  it('should hold up no append where a reader has the log locked, and drop later what was retired', async () => {
    const reader = new Client({ connectionString: process.env['DATABASE_URL'] });
    await reader.connect();
    await reader.query('begin');
    await reader.query('select from audit_events limit 1');
    const [result] = await Promise.all([round(replica), ...[1, 2, 3].map(() => idle.log.append(issued()))]);
    expect(result).toEqual({ state: 'busy' });
    expect((await partitions())[0]).toBe(compact(6));
    await reader.end();
    await expect(round(replica)).resolves.toEqual({ state: 'nothing' });
    expect((await partitions())[0]).toBe(compact(2));
    expect(await sql(`select from audit_checkpoints where retired_before is not null`)).toHaveLength(1);
  });
});
