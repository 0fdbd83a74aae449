import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { type Verification, VerificationRepository, type VerificationRequest } from '@app/audit';
import {
  hashOfCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  type Retirement,
} from '../../libs/audit/src/chain/checkpoint.js';
import { heldOutside } from '../support/held-checkpoints.js';
import { rechain } from '../support/rechain.js';
import { KEYS, SIGNER, SignedLog } from '../support/signed-log.js';

const log = new SignedLog();
const WHOLE: Verification = { ok: true, rows: 33, streams: 3, checkpoints: 7, fault: null, takenAsGiven: [] };

beforeAll(() => log.fill());
afterEach(() => log.mend());
afterAll(() => log.close());

const outcome = async (request: Partial<VerificationRequest> = {}) => {
  const { ok, fault } = await log.verify(request);
  return { ok, kind: fault?.kind, stream: fault?.stream, seq: fault?.seq };
};

/** Takes the third day out, heads and all, as if it had never been. */
const goBack = (): Promise<void> =>
  log.run(`DELETE FROM audit_events WHERE at >= '2026-11-22'; DELETE FROM audit_checkpoints WHERE at >= '2026-11-22';
    UPDATE audit_streams SET head_seq = e.seq, head_hash = e.hash, head_at = e.at, checkpoint_seq = e.seq
    FROM audit_events e WHERE e.stream = 1 AND e.seq = 12 AND id = 1`);

/** A row says something else, and everything behind it is chained anew. */
const rewrite = (seq: number): string =>
  `UPDATE audit_events SET body = replace(body, 'acme', 'acne'), connection = 'acne' WHERE stream = 1 AND seq = ${seq};${rechain(1, seq)}`;

/** The column by which a checkpoint is looked up, and what the register says was signed; its signed text stays. */
const moveCheckpoint = (number: number, at: string): string =>
  `UPDATE audit_checkpoints SET at = '${at}' WHERE number = ${number}; UPDATE audit_streams SET checkpoint_seq = 0;`;

/** What a retirement of the first day says. */
const retire = async (): Promise<void> => {
  const [second] = log.checkpoints.slice(1);
  const ends = await log.sql<{ id: string; seq: string; hash: string }>(
    `SELECT DISTINCT ON (stream) stream::text AS id, seq, encode(hash, 'hex') AS hash FROM kept_events
     WHERE at < '2026-11-21' ORDER BY stream, seq DESC`,
  );
  const retired: Retirement = {
    before: '2026-11-21',
    streams: ends.map(({ id, seq, hash }) => ({ id, seq: Number(seq), hash })),
    checkpoint: { number: 2, hash: second === undefined ? '' : hashOfCheckpoint(second) },
  };
  const last = log.checkpoints[6];
  const checkpoint = {
    number: 8,
    at: '2026-11-22T23:00:00.000Z',
    previous: last === undefined ? '' : hashOfCheckpoint(last),
  };
  await log.insert(
    signCheckpoint({ version: 1, ...checkpoint, key: SIGNER.id, streams: [], retired }, SIGNER.privateKey),
  );
};

describe('a healthy log should be green', () => {
  it('as it is, with a stream that goes on, one that was closed and one that ended before its first row', async () => {
    expect(await log.verify()).toEqual(WHOLE);
  });

  it('with all its checkpoints held outside', async () => {
    expect(await log.verify({ held: heldOutside(log.checkpoints) })).toEqual(WHOLE);
  });

  it('before its first checkpoint', async () => {
    await log.run('DELETE FROM audit_checkpoints; UPDATE audit_streams SET checkpoint_seq = 0');
    expect(await log.verify()).toMatchObject({ ok: true, rows: 33, checkpoints: 0 });
  });

  it('without a row', async () => {
    await log.run('DELETE FROM audit_checkpoints; DELETE FROM audit_streams; DELETE FROM audit_events');
    expect(await log.verify()).toEqual({ ...WHOLE, rows: 0, streams: 0, checkpoints: 0 });
  });

  it('while writers go on', async () => {
    const writer = log.writer();
    log.now = Date.now();
    const over = new AbortController();
    const writing = (async () => {
      while (!over.signal.aborted) {
        await writer.write(5);
      }
    })();
    const results = [await log.verify(), await log.verify(), await log.verify()];
    over.abort();
    await writing;
    expect(results.map(({ ok, fault }) => [ok, fault])).toEqual(results.map(() => [true, null]));
  });

  it.each([
    ['a day', { from: '2026-11-21T00:00:00.000Z', to: '2026-11-22T00:00:00.000Z' }, { rows: 16, streams: 3 }],
    ['from a time in the middle of streams', { from: '2026-11-21T10:04:00.000Z' }, { streams: 3 }],
    ['up to a time', { to: '2026-11-21T00:00:00.000Z' }, { rows: 9, streams: 2 }],
    ['a time without rows', { from: '2026-11-20T11:00:00.000Z', to: '2026-11-20T12:00:00.000Z' }, { rows: 0 }],
    ['what is to come', { from: '2030-01-01T00:00:00.000Z' }, { rows: 0, streams: 0 }],
  ])('of %s', async (_what, range, counted) => {
    expect(await log.verify({ range })).toMatchObject({ ok: true, fault: null, ...counted });
  });

  it('of a range, whatever is wrong outside of it', async () => {
    await log.run("UPDATE audit_events SET caller = 'eve' WHERE stream = 1 AND seq = 3");
    const range = { from: '2026-11-21T00:00:00.000Z', to: '2026-11-22T00:00:00.000Z' };
    expect(await outcome({ range })).toMatchObject({ ok: true });
    expect(await outcome({ range: { to: range.from } })).toMatchObject({ kind: 'row_edited', stream: '1', seq: 3 });
  });
});

describe('within a range should be found', () => {
  const range = { from: '2026-11-21T00:00:00.000Z', to: '2026-11-22T00:00:00.000Z' };

  it.each([
    [
      'an edit of its first row',
      "UPDATE audit_events SET caller = 'eve' WHERE stream = 1 AND seq = 7",
      'row_edited',
      '1',
      7,
    ],
    ['a cut stream', 'DELETE FROM audit_events WHERE stream = 3 AND seq > 2', 'tail_cut', '3', 3],
    [
      'a dropped stream',
      'DELETE FROM audit_events WHERE stream = 3; DELETE FROM audit_streams WHERE id = 3',
      'stream_missing',
      '3',
      2,
    ],
    ['that nothing is left', 'DROP TABLE audit_events_20261121', 'partition_missing', '1', 9],
  ])('%s', async (_what, attack, kind, stream, seq) => {
    await log.run(attack);
    expect(await outcome({ range })).toEqual({ ok: false, kind, stream, seq });
  });
});

describe('a checkpoint that seems to be of another time, so that it is not among those that are read', () => {
  it.each([
    ['before the range', { from: '2026-11-22T00:00:00.000Z' }, 16, moveCheckpoint(7, '2026-11-21T23:59:59Z'), 18],
    [
      'an old one as the last of the range',
      { from: '2026-11-21T00:00:00.000Z', to: '2026-11-22T00:00:00.000Z' },
      8,
      moveCheckpoint(1, '2026-11-21T23:59:59Z'),
      9,
    ],
    [
      'all as if they were of after the range',
      { from: '2026-11-21T00:00:00.000Z', to: '2026-11-22T00:00:00.000Z' },
      8,
      `UPDATE audit_checkpoints SET at = '2026-11-22T00:00:00Z' WHERE number BETWEEN 2 AND 5`,
      9,
    ],
  ])('should hide no rewritten row: %s', async (_what, range, edited, move, named) => {
    await log.run(rewrite(edited));
    expect(await outcome({ range })).toEqual({ ok: false, kind: 'chain_rewritten', stream: '1', seq: named });
    await log.run(move);
    expect(await outcome({ range })).toMatchObject({ ok: false });
  });
});

describe('the signing key', () => {
  const eve = { id: 's-eve', ...generateKeyPairSync('ed25519') };

  /** All checkpoints signed anew by somebody else, chained to each other. */
  const forge = async (id: string): Promise<void> => {
    let previous = parseCheckpoint(log.checkpoints[0]?.body ?? '').previous;
    for (const { body } of log.checkpoints) {
      const forged = signCheckpoint({ ...parseCheckpoint(body), previous, key: id }, eve.privateKey);
      previous = hashOfCheckpoint(forged);
      await log.insert(forged);
    }
  };

  it('should be needed to rewrite a chain and its checkpoints', async () => {
    await forge(SIGNER.id);
    expect(await outcome()).toEqual({ ok: false, kind: 'checkpoint_forged', stream: null, seq: 1 });
  });

  it('should be one that is known', async () => {
    await forge(eve.id);
    expect(await outcome()).toEqual({ ok: false, kind: 'unknown_key', stream: null, seq: 1 });
    const keys = new Map([...KEYS, [eve.id, eve.publicKey]]);
    expect(await outcome({ keys })).toMatchObject({ ok: true });
  });
});

describe('a database that went back to an older state', () => {
  it('should be green by itself, and found by a newer checkpoint that is held outside', async () => {
    await goBack();
    expect(await outcome()).toMatchObject({ ok: true });
    expect(await outcome({ held: heldOutside(log.checkpoints) })).toEqual({
      ok: false,
      kind: 'rolled_back',
      stream: null,
      seq: 6,
    });
    expect(await outcome({ held: heldOutside(log.checkpoints.slice(0, 5)) })).toMatchObject({ ok: true });
  });

  it('should be found though it went on, with the right key, from there', async () => {
    await goBack();
    const fork = signCheckpoint(
      { ...parseCheckpoint(log.checkpoints[5]?.body ?? ''), streams: [], at: '2026-11-22T12:00:00.000Z' },
      SIGNER.privateKey,
    );
    await log.insert(fork);
    expect(await outcome({ held: heldOutside(log.checkpoints.slice(0, 6)) })).toMatchObject({
      kind: 'rolled_back',
      seq: 6,
    });
  });
});

describe('after a retirement', () => {
  it('should be green with what was retired still there, or gone', async () => {
    await retire();
    expect(await log.verify()).toMatchObject({ ok: true, rows: 24, streams: 3, checkpoints: 6 });
    await log.run(`DROP TABLE audit_events_20261120; DELETE FROM audit_checkpoints WHERE number <= 2`);
    expect(await log.verify()).toMatchObject({ ok: true, rows: 24, streams: 3, checkpoints: 6 });
  });

  it.each([
    ['the first row that is kept', 'DELETE FROM audit_events WHERE stream = 2 AND seq = 4', 'row_deleted', '2', 4],
    [
      'the first checkpoint that is kept',
      'DELETE FROM audit_checkpoints WHERE number = 3',
      'checkpoint_missing',
      null,
      3,
    ],
    ['more than was retired', 'DROP TABLE audit_events_20261121', 'partition_missing', '1', 7],
    [
      'what was retired made up',
      "UPDATE audit_checkpoints SET body = replace(body, '11-21\",\"str', '11-22\",\"str'), retired_before = '2026-11-22' WHERE number = 8",
      'checkpoint_forged',
      null,
      8,
    ],
  ])('should find out about %s', async (_what, attack, kind, stream, seq) => {
    await retire();
    await log.run(`DROP TABLE audit_events_20261120; DELETE FROM audit_checkpoints WHERE number <= 2; ${attack}`);
    expect(await outcome()).toEqual({ ok: false, kind, stream, seq });
  });

  it('should hide no rewritten row behind a checkpoint that seems to be of before it', async () => {
    await retire();
    await log.run(
      `DROP TABLE audit_events_20261120; DELETE FROM audit_checkpoints WHERE number <= 2; ${rewrite(16)}${moveCheckpoint(7, '2026-11-20T23:59:59Z')}`,
    );
    const found = { ok: false, kind: 'checkpoint_forged', stream: null, seq: 7 };
    expect(await outcome()).toEqual(found);
    expect(await outcome({ held: heldOutside(log.checkpoints) })).toEqual(found);
  });

  it('should begin again where the retirement came during the verification', async () => {
    await log.run(`DROP TABLE audit_events_20261120`);
    class Retiring extends VerificationRepository {
      #asked = 0;

      override async retirement() {
        this.#asked += 1;
        if (this.#asked === 2) {
          await retire();
        }
        return super.retirement();
      }
    }
    const source = new Retiring(log.database);
    expect(await log.verify({ source })).toMatchObject({ fault: null, ok: true, rows: 24 });
  });
});
