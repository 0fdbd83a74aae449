import { Checkpoints } from '@app/audit';
import { generateKeyFile } from '@app/crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import {
  type Checkpoint,
  hashOfCheckpoint,
  isSignedBy,
  NO_CHECKPOINT,
  parseCheckpoint,
  type SignedCheckpoint,
} from '../../libs/audit/src/chain/checkpoint.js';
import { checkpointAge } from '../../libs/audit/src/checkpoints/checkpoint.metrics.js';
import { CheckpointSigner } from '../../libs/audit/src/checkpoints/checkpoint.signer.js';
import { sql } from '../support/test-database.js';
import { type AuditReplica, issued, startAuditReplica } from '../support/audit-replica.js';

const keys = generateKeyFile();

/** The checkpoints that stand, each proved to be signed, numbered without a gap and chained to the one before. */
async function wholeChain({ keyring }: AuditReplica): Promise<readonly Checkpoint[]> {
  const rows = await sql<SignedCheckpoint & { number: string; at: Date; key_id: string }>(
    'select * from audit_checkpoints order by number',
  );
  let previous = NO_CHECKPOINT;
  return rows.map((row, index) => {
    const checkpoint = parseCheckpoint(row.body);
    const key = keyring.auditPublicKeys.get(row.key_id);
    expect(key !== undefined && isSignedBy(row, key)).toBe(true);
    expect(checkpoint).toMatchObject({ number: index + 1, at: row.at.toISOString(), previous, key: row.key_id });
    expect(row.number).toBe(String(index + 1));
    previous = hashOfCheckpoint(row);
    return checkpoint;
  });
}

const unsigned = () => sql('select id from audit_streams where head_seq > checkpoint_seq');
const printed = ({ lines }: AuditReplica): number[] =>
  lines.flatMap(({ checkpoint }) => (checkpoint === undefined ? [] : parseCheckpoint(String(checkpoint)).number));

/** Signs without saying so to the gauge, which all replicas of this process share. */
const signQuietly = ({ parts }: AuditReplica) => parts.get(CheckpointSigner).round();
const ageMs = async (): Promise<number> => ((await checkpointAge.get()).values[0]?.value ?? NaN) * 1000;
const takenByStranger = (until: string) =>
  sql(`update audit_signer set replica = gen_random_uuid(), expires_at = ${until}`);

/** The log's gauge after a round of this replica: set back by that round, or not. */
async function gaugeAfterRound({ checkpoints }: AuditReplica): Promise<'set_back' | 'grown'> {
  const began = performance.now();
  await checkpoints.round();
  return (await ageMs()) <= performance.now() - began ? 'set_back' : 'grown';
}

describe(Checkpoints.name, () => {
  let one: AuditReplica;
  let two: AuditReplica;

  beforeEach(async () => {
    await sql(`truncate audit_events, audit_streams, audit_checkpoints`);
    await sql(`update audit_signer set replica = null, expires_at = '-infinity'`);
    [one, two] = await Promise.all([startAuditReplica({ keys }), startAuditReplica({ keys })]);
  });

  afterEach(() => Promise.all([one.stop(), two.stop()]));

  it('should name the heads of the streams that changed since the one before', async () => {
    await Promise.all([one.log.append(issued()), two.log.append(issued())]);
    await one.checkpoints.round();
    await two.log.appendAll([issued(), issued()]);
    await one.checkpoints.round();
    await one.checkpoints.round();
    const heads = await sql<{ id: string; seq: number; hash: string }>(
      `select id::text, head_seq::int as seq, encode(head_hash, 'hex') as hash from audit_streams order by id`,
    );
    const chain = await wholeChain(one);
    expect(chain.map(({ streams }) => streams.map(({ seq }) => seq).toSorted())).toEqual([[1, 1], [3]]);
    expect(chain[1]?.streams).toEqual(heads.filter(({ seq }) => seq === 3));
    expect(await unsigned()).toEqual([]);
    expect(printed(one)).toEqual([1, 2]);
  });

  it('should leave no gap and no fork where two replicas compete, whatever becomes of the lease', async () => {
    const replicas = [one, two];
    for (let turn = 0; turn < 25; turn += 1) {
      await sql(`update audit_signer set expires_at = '-infinity'`);
      await Promise.all([
        ...replicas.map(({ log }) => log.append(issued())),
        ...replicas.map(({ checkpoints }) => checkpoints.round()),
        sql(`update audit_signer set expires_at = '-infinity'`),
      ]);
    }
    await sql(`update audit_signer set expires_at = '-infinity'`);
    await one.checkpoints.round();
    const chain = await wholeChain(one);
    expect(chain.length).toBeGreaterThan(15);
    expect(new Set([...printed(one), ...printed(two)]).size).toBe(chain.length);
    expect(await unsigned()).toEqual([]);
    expect([...one.lines, ...two.lines].filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('should be signed by another replica once the lease of a killed one is over, and print its last one again', async () => {
    await one.log.append(issued());
    await one.checkpoints.round();
    await two.log.append(issued());
    await two.checkpoints.round();
    expect(two.checkpoints.isSigning).toBe(false);
    await sql(`update audit_signer set expires_at = clock_timestamp() - interval '1 millisecond'`);
    await two.checkpoints.round();
    expect([printed(one), printed(two)]).toEqual([[1], [1, 2]]);
    await wholeChain(two);
  });

  it.each([`'infinity'`, `clock_timestamp() + interval '1 hour'`])(
    'should sign where the lease ends later than any that a replica takes: %s',
    async (until) => {
      await one.log.append(issued());
      await takenByStranger(until);
      await one.checkpoints.round();
      expect(one.checkpoints.isSigning).toBe(true);
      expect(await wholeChain(one)).toHaveLength(1);
      const [lease] = await sql(
        `select expires_at < clock_timestamp() + interval '3 seconds' as sound from audit_signer`,
      );
      expect(lease).toEqual({ sound: true });
    },
  );

  it('should not count as signed what a stranger keeps from being signed, and say so once', async () => {
    await one.checkpoints.round();
    await one.log.append(issued());
    const seen = new Set<string>();
    for (let turn = 0; turn < 15; turn += 1) {
      await takenByStranger(`clock_timestamp() + interval '3 seconds'`);
      seen.add(await gaugeAfterRound(one));
    }
    expect([...seen]).toEqual(['grown']);
    expect(one.lines).toEqual([
      expect.objectContaining({ level: 'error', message: expect.stringContaining('signs nothing') }),
    ]);
    await takenByStranger(`'-infinity'`);
    await expect(gaugeAfterRound(one)).resolves.toBe('set_back');
    expect(one.lines.at(-1)).toMatchObject({ message: 'The audit log is signed again.' });
    expect(one.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('should count as signed what another replica signs, also where more waits at each look', async () => {
    await one.log.append(issued());
    await signQuietly(one);
    await two.checkpoints.round();
    for (let turn = 0; turn < 15; turn += 1) {
      await two.log.append(issued());
      await signQuietly(one);
      await two.log.append(issued());
      await expect(gaugeAfterRound(two)).resolves.toBe('set_back');
    }
    expect(two.checkpoints.isSigning).toBe(false);
    expect(two.lines).toEqual([]);
  });

  it('should count as signed a log in which nothing is new, while another replica signs', async () => {
    await one.log.append(issued());
    for (let turn = 0; turn < 15; turn += 1) {
      await signQuietly(one);
      await expect(gaugeAfterRound(two)).resolves.toBe('set_back');
    }
    expect(two.checkpoints.isSigning).toBe(false);
    expect(two.lines).toEqual([]);
  });

  it('should wait for no append, and hold up none, where a batch of another replica hangs', async () => {
    await Promise.all([one.log.append(issued()), two.log.append(issued())]);
    const hanging = new Client({ connectionString: process.env['DATABASE_URL'] });
    await hanging.connect();
    await hanging.query('begin');
    await hanging.query('select from audit_streams where id = (select min(id) from audit_streams) for update');
    await one.checkpoints.round();
    await one.checkpoints.round();
    expect((await wholeChain(one)).map(({ streams }) => streams.length)).toEqual([2]);
    expect(await unsigned()).toHaveLength(1);
    await hanging.end();
    await one.checkpoints.round();
    expect(await unsigned()).toEqual([]);
    expect(await wholeChain(one)).toHaveLength(1);
  });

  it('should sign what was written last when it stops', async () => {
    one.checkpoints.start();
    await one.log.append(issued());
    await one.log.close();
    await one.checkpoints.stop();
    expect(await unsigned()).toEqual([]);
    await two.checkpoints.round();
    expect(two.checkpoints.isSigning).toBe(true);
  });

  it('should say what to do where the row of the lease is gone', async () => {
    await sql('delete from audit_signer');
    await one.checkpoints.round();
    expect(one.lines).toEqual([
      expect.objectContaining({
        level: 'error',
        code: 'audit_unavailable',
        error_message: expect.stringContaining('run "INSERT INTO audit_signer (id) VALUES (1)"'),
      }),
    ]);
    await sql('insert into audit_signer (id) values (1)');
    await one.checkpoints.round();
    expect(one.checkpoints.isSigning).toBe(true);
  });
});
