import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { type Cut, CuttingProxy } from '../harness/postgres/cutting-proxy.js';
import { expectVerified, expectWholeChains } from '../support/audit-chains.js';
import { RecordingReplica, recordedIds } from '../support/recording-replica.js';
import { eventually } from '../support/eventually.js';
import { temporaryFolder } from '../support/process.js';
import { breakAudit, sql } from '../support/test-database.js';

const run = promisify(execFile);
const DATABASE_URL = process.env['DATABASE_URL'] ?? '';
const DEADLINE_MS = 2000;
/** A busy machine takes so many times as long; what hangs would not end at all. */
const BUSY = 3;
const UNAVAILABLE = 'audit_unavailable';

/** Ends of what a test did to Postgres, newest first. */
const mending: (() => Promise<unknown>)[] = [];
let sut: RecordingReplica;

const open = async (url = DATABASE_URL): Promise<RecordingReplica> => {
  sut = await RecordingReplica.open(url);
  mending.push(() => sut.close());
  return sut;
};

beforeEach(() => sql('TRUNCATE audit_events, audit_streams'));

afterEach(async () => {
  for (const mend of mending.splice(0).toReversed()) {
    await mend();
  }
});

/** Of everything that was acknowledged the row stands, once, and every chain is whole. */
async function expectKept(): Promise<readonly string[]> {
  await expectWholeChains();
  await expectVerified();
  const rows = await recordedIds();
  expect(new Set(rows).size).toBe(rows.length);
  expect(sut.kept.filter((id) => !rows.includes(id))).toEqual([]);
  return rows;
}

/** As above, where the head told of every batch whether it stands: what was refused has no row either. */
async function expectExactlyKept(): Promise<void> {
  expect((await expectKept()).toSorted()).toEqual(sut.kept.toSorted());
  expect(new Set(sut.refused.map(({ code }) => code))).toEqual(new Set(sut.refused.length > 0 ? [UNAVAILABLE] : []));
}

describe('inserts that raise', () => {
  it('should be refused to everybody, leave no row, and be over as soon as they do not', async () => {
    await open();
    await sut.record(50);
    const mend = await breakAudit();
    mending.push(mend);
    expect(await sut.record(1000)).toBe(false);
    await mend();
    expect(await sut.record(50)).toBe(true);
    expect(sut.kept).toHaveLength(100);
    await expectExactlyKept();
  });
});

const auditSessions = async (): Promise<readonly number[]> => {
  const rows = await sql<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE application_name = 'claviger-audit' AND datname = current_database()`,
  );
  return rows.map(({ pid }) => pid);
};

/** Stops the server's processes of these sessions where they are; returns what lets them go on. */
function freeze(pids: readonly number[]): () => Promise<void> {
  const signal = (name: NodeJS.Signals): void => pids.forEach((pid) => process.kill(pid, name));
  signal('SIGSTOP');
  let frozen = true;
  const thaw = async (): Promise<void> => {
    if (frozen) {
      frozen = false;
      signal('SIGCONT');
    }
    await eventually(async () => expect((await auditSessions()).filter((pid) => pids.includes(pid))).toEqual([]));
  };
  mending.push(thaw);
  return thaw;
}

/** From now on every row waits for a lock, until the returned function lets them all go. */
async function holdInserts(): Promise<() => Promise<void>> {
  await sql(`CREATE FUNCTION hold_audit() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NEW; END $$`);
  await sql('CREATE TRIGGER hold_audit BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION hold_audit()');
  mending.push(() => sql('DROP FUNCTION hold_audit CASCADE'));
  const holder = new Client({ connectionString: DATABASE_URL });
  await holder.connect();
  await holder.query('SELECT pg_advisory_lock(4711)');
  let held = true;
  const letGo = async (): Promise<void> => {
    if (held) {
      held = false;
      await holder.end();
    }
  };
  mending.push(letGo);
  return letGo;
}

/** Hands in events while those before are on their way already, and are about to be given up. */
const halfwayThrough = async (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, DEADLINE_MS / 2));

describe('an audit connection that hangs', () => {
  it('should cost the events that were on it, and those that wait go on another one', async () => {
    await open();
    await sut.record();
    const thaw = freeze(await auditSessions());
    const began = performance.now();
    const hung = sut.record(3);
    await halfwayThrough();
    const waiting = sut.record(3);
    expect(await hung).toBe(false);
    expect(performance.now() - began).toBeLessThan(BUSY * DEADLINE_MS);
    expect(await waiting).toBe(true);
    // Nobody waited for the stream of the refused batch to be closed.
    await eventually(async () =>
      expect(await sql('SELECT FROM audit_streams WHERE closed_at IS NOT NULL')).toHaveLength(1),
    );
    await thaw();
    expect(await sut.record()).toBe(true);
    // The statement ran when its process woke up, and found its stream closed.
    await expectExactlyKept();
    expect(sut.refused).toHaveLength(3);
  });

  it('should not fork or tear a chain when it wakes up in the middle of a batch', async () => {
    await open();
    await sut.record();
    const letGo = await holdInserts();
    const hung = sut.record(3);
    await eventually(async () =>
      expect(await sql(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`)).toHaveLength(1),
    );
    const thaw = freeze(await auditSessions());
    await letGo();
    await halfwayThrough();
    // The stream's own row is held by the statement that hangs: nobody may wait for that.
    const waiting = sut.record(3);
    expect(await hung).toBe(false);
    expect(await waiting).toBe(true);
    await thaw();
    expect(await sut.record()).toBe(true);
    // The row that was on its way stands where it would have stood: a refusal does not say that there is none.
    expect(await expectKept()).toHaveLength(sut.kept.length + 1);
  });
});

describe('a connection that breaks while a batch is on its way', () => {
  let proxy: CuttingProxy;

  beforeEach(async () => {
    proxy = await CuttingProxy.open(DATABASE_URL, 'audit-insert-batch');
    mending.push(() => proxy.close());
    await open(proxy.inFrontOf(DATABASE_URL));
  });

  it('should have released what stands although the acknowledgement of its commit was lost', async () => {
    for (const count of [1, 100, 512]) {
      proxy.breakNext('lost');
      expect(await sut.record(count)).toBe(true);
    }
    expect(proxy.cuts).toBe(3);
    await expectExactlyKept();
  });

  it('should have refused what never reached the database', async () => {
    for (const count of [1, 100]) {
      proxy.breakNext('before');
      expect(await sut.record(count)).toBe(false);
    }
    expect(await sut.record()).toBe(true);
    await expectExactlyKept();
  });

  it('should know of every batch whether it stands, in whatever order the break, the commit and the question come', async () => {
    const cuts: readonly Cut[] = ['behind', 'lost', 'behind', 'before', 'behind'];
    for (let round = 0; round < 40; round += 1) {
      proxy.breakNext(cuts[round % cuts.length] ?? 'behind');
      await sut.record(1 + ((round * 7) % 40));
    }
    expect(proxy.cuts).toBe(40);
    expect(sut.kept.length).toBeGreaterThan(0);
    await expectExactlyKept();
  });
});

/** Puts the rows of today on a disk of 1 MB where we may make one; else has Postgres say what it says then. Tells what lets it take more. */
async function fillDisk(): Promise<{ readonly way: string; readonly mend: () => Promise<unknown> }> {
  const folder = await temporaryFolder();
  const [{ partition } = { partition: '' }] = await sql<{ partition: string }>(
    `SELECT 'audit_events_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD') AS partition`,
  );
  const mounted = await mountSmall(folder).catch(() => false);
  if (!mounted) {
    await sql(`CREATE FUNCTION fill_disk() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$`);
    await sql('CREATE TRIGGER fill_disk BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION fill_disk()');
    return { way: 'an error 53100 that is raised', mend: () => sql('DROP FUNCTION IF EXISTS fill_disk CASCADE') };
  }
  mending.push(() => run('umount', [folder]));
  await sql(`CREATE TABLESPACE small_disk LOCATION '${folder}'`);
  mending.push(async () => {
    await sql(`ALTER TABLE ${partition} SET TABLESPACE pg_default`);
    await sql('DROP TABLESPACE small_disk');
  });
  await sql(`ALTER TABLE ${partition} SET TABLESPACE small_disk`);
  return { way: 'a disk of 1 MB', mend: () => run('mount', ['-o', 'remount,size=64m', folder]) };
}

async function mountSmall(folder: string): Promise<boolean> {
  const [{ directory } = { directory: '' }] = await sql<{ directory: string }>(
    `SELECT current_setting('data_directory') AS directory`,
  );
  const { uid, gid } = await stat(directory);
  await run('mount', ['-t', 'tmpfs', '-o', `size=1m,uid=${uid},gid=${gid},mode=700`, 'tmpfs', folder]);
  return true;
}

describe('a disk that is full', () => {
  it('should let nothing go unrecorded, and be over when there is room again', async () => {
    await open();
    await sut.record(10);
    const { way, mend } = await fillDisk();
    process.stdout.write(`Postgres out of disk: ${way}\n`);
    let rounds = 0;
    while (await sut.record(200, { reason: 'x'.repeat(500) })) {
      rounds += 1;
      expect(rounds).toBeLessThan(50);
    }
    expect(await sut.record(200, { reason: 'x'.repeat(500) })).toBe(false);
    await mend();
    expect(await sut.record(100)).toBe(true);
    await expectExactlyKept();
  });
});
