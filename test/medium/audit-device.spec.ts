import { AuditDeviceModule, type AuditEvent, AuditLog, AuditModule } from '@app/audit';
import { type Config, ConfigModule } from '@app/config';
import { Database, DatabaseModule } from '@app/database';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { breakAudit, sql } from '../support/test-database.js';
import { eventually } from '../support/eventually.js';
import { libraryConfig, SilentLogModule } from '../support/library.js';

interface Running {
  readonly audit: AuditLog;
  readonly database: Database;
}

const newEvent = (requestId: string): AuditEvent => ({
  action: 'token.issued',
  outcome: 'ok',
  actor: { type: 'caller', caller: 'billing', keyId: 'k1' },
  requestId,
});

/** Every stream with rows: its device, its ids in order, whether its chain and head are what SQL computes, whether it ended. */
const STREAMS = `
SELECT device, array_agg(request_id ORDER BY seq) AS ids, max(seq) = count(*) AND max(seq) = max(head_seq)
  AND bool_and(hash = audit_link(before, seq, body)) AND (array_agg(hash ORDER BY seq DESC))[1] = (array_agg(head_hash))[1] AS whole,
  bool_and(coalesce(body::jsonb->>'device', 'database') = device) AS told, bool_or(closed_at IS NOT NULL) AS closed
FROM (SELECT e.*, s.head_seq, s.head_hash, s.closed_at, s.device,
    lag(e.hash, 1, audit_genesis(s.id, s.replica)) OVER (PARTITION BY s.id ORDER BY e.seq) AS before
  FROM audit_streams s JOIN audit_events e ON e.stream = s.id) AS chained
GROUP BY stream, device ORDER BY stream`;

const stream = (device: string, closed: boolean, ...ids: readonly string[]) => ({
  device,
  ids,
  whole: true,
  told: true,
  closed,
});

describe('the local device of the audit log', () => {
  let folder: string;
  const running: Running[] = [];

  const start = async (auditSpoolDir = join(folder, 'audit')): Promise<Running> => {
    const config: Config = { ...libraryConfig, dataDir: folder, auditSpoolDir };
    const testing = await Test.createTestingModule({
      imports: [ConfigModule.with(config), SilentLogModule, DatabaseModule, AuditDeviceModule, AuditModule],
    }).compile();
    const started = { audit: testing.get(AuditLog), database: testing.get(Database) };
    running.push(started);
    await started.audit.open();
    return started;
  };

  const end = async ({ audit, database }: Running): Promise<void> => {
    await audit.close();
    await database.close();
    running.splice(0, running.length, ...running.filter((other) => other.audit !== audit));
  };

  const files = async (): Promise<readonly string[]> =>
    (await readdir(join(folder, 'audit'))).filter((name) => name.endsWith('.stream'));

  const untilDrained = (): Promise<void> => eventually(async () => expect(await files()).toEqual([]), 10_000);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'claviger-device-'));
    await sql('TRUNCATE audit_events, audit_streams');
  });

  afterEach(async () => {
    await Promise.all(running.map(end));
    await rm(folder, { recursive: true, force: true });
  });

  it('should take what the database refuses, and bring it there when it takes rows again', async () => {
    const { audit } = await start();
    await audit.append(newEvent('a'));
    const mend = await breakAudit();
    expect(await audit.append(newEvent('b'))).toEqual({ mark: undefined, device: 'local' });
    expect(await audit.append(newEvent('c'))).toEqual({ mark: undefined, device: 'local' });
    expect([await audit.isAppendable(), (await files()).length]).toEqual([true, 1]);
    await mend();
    await untilDrained();
    expect((await audit.append(newEvent('d'))).mark).toBe('0');
    await audit.close();
    expect(await sql(STREAMS)).toEqual([
      stream('local', true, 'b', 'c'),
      stream('database', false, 'a'),
      stream('database', true, 'd'),
    ]);
  });

  it('should be drained at the next start where it was not before, and by several batches', async () => {
    const first = await start();
    const mend = await breakAudit();
    await first.audit.append(newEvent('first'));
    const ids = Array.from({ length: 2000 }, (_, index) => `r${index}`);
    await Promise.all(ids.map((id) => first.audit.append(newEvent(id))));
    await end(first);
    expect(await sql(STREAMS)).toEqual([]);
    expect(await files()).toHaveLength(1);
    await mend();
    await start();
    expect([await sql(STREAMS), await files()]).toEqual([[stream('local', true, 'first', ...ids)], []]);
  });

  it('should take what a database that hangs does not answer, before its caller gives up', async () => {
    const { audit, database } = await start();
    await audit.append(newEvent('a'));
    const other = await database.requestPool.connect();
    await other.query('BEGIN; LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE');
    const began = performance.now();
    await expect(audit.append(newEvent('b'))).resolves.toEqual({ mark: undefined, device: 'local' });
    expect(performance.now() - began).toBeLessThan(2000);
    await other.query('ROLLBACK');
    other.release();
    await untilDrained();
    const streams = await sql<{ readonly ids: readonly string[]; readonly whole: boolean }>(STREAMS);
    expect(streams.map(({ whole }) => whole)).toEqual(streams.map(() => true));
    expect(new Set(streams.flatMap(({ ids }) => ids))).toEqual(new Set(['a', 'b']));
  });

  it('should belong to one process, and to the next once that is gone', async () => {
    const first = await start();
    await expect(start()).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('Another process'),
    });
    await end(first);
    await expect(start()).resolves.toBeDefined();
  });

  it('should say what is wrong with a folder that cannot be used', async () => {
    await expect(start(join(folder, 'no', 'such'))).rejects.toThrow('AUDIT_SPOOL_DIR');
    await expect(start(join(folder, 'x'.repeat(120)))).rejects.toThrow('too long');
  });
});
