import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { genesis, type Link, nextLink } from '../chain/chain.js';
import { hashOfCheckpoint, NO_CHECKPOINT, signCheckpoint, type SignedCheckpoint } from '../chain/checkpoint.js';
import type { LogRow, LogSource } from './log-source.js';
import { verifyLog } from './verify-log.js';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const KEYS = new Map([['s-1', publicKey]]);
const REPLICA = '00000000-0000-4000-8000-000000000001';
const time = (minute: number): string => new Date(Date.UTC(2026, 10, 20, 10, minute)).toISOString();

/** Rows of one stream, a minute between the first six; `edited` says something else, and what follows is chained to that. */
function rowsOf(stream: string, count = 6, edited?: number): { rows: LogRow[]; links: Link[] } {
  const links = [genesis(stream, REPLICA)];
  const rows = Array.from({ length: count }, (_, index): LogRow => {
    const at = time(Math.min(index, 5));
    const said = index + 1 === edited ? { reason: 'edited' } : {};
    const body = JSON.stringify({ id: `${stream}-${index + 1}`, at, ...said });
    const link = nextLink(links.at(-1) as Link, body);
    links.push(link);
    return { stream, seq: index + 1, at, hash: link.hash.toString('hex'), body };
  });
  return { rows, links };
}

/** Checkpoints at these minutes that name these rows, long after they were written. */
function signed(named: readonly (readonly [minute: number, seq: number, hash: string])[]): SignedCheckpoint[] {
  let previous = NO_CHECKPOINT;
  return named.map(([minute, seq, hash], index) => {
    const streams = [{ id: '1', seq, hash }];
    const checkpoint = signCheckpoint(
      { version: 1, number: index + 1, at: time(minute), previous, key: 's-1', streams },
      privateKey,
    );
    previous = hashOfCheckpoint(checkpoint);
    return checkpoint;
  });
}

async function* pages<Item>(items: readonly Item[]) {
  for (const item of items) {
    yield [item];
  }
}

/** A log in memory, a row and a checkpoint a page. */
function sourceOf(rows: readonly LogRow[], checkpoints: readonly SignedCheckpoint[], last: Link): LogSource {
  const head = {
    id: '1',
    replica: REPLICA,
    headSeq: last.seq,
    headHash: last.hash.toString('hex'),
    headAt: time(5),
    checkpointSeq: 0,
  };
  return {
    isWhole: true,
    retirement: async () => undefined,
    snapshot: async () => ({ takenAt: time(600), lastCheckpoint: checkpoints.length, streams: [head] }),
    checkpoints: () => pages(checkpoints),
    checkpointBefore: async () => 0,
    rows: () => pages(rows),
    find: async (_stream, seq) => rows.filter((row) => row.seq === seq),
    findBefore: async () => undefined,
    emptyDays: async () => [],
    strays: async () => [],
  };
}

describe('rows that were signed long after they were written', () => {
  const { rows, links } = rowsOf('1');
  const hashOf = (seq: number): string => links[seq]?.hash.toString('hex') ?? '';

  it('should be looked up where they passed already', async () => {
    const source = sourceOf(
      rows,
      signed([
        [300, 2, hashOf(2)],
        [301, 4, hashOf(4)],
        [302, 6, hashOf(6)],
      ]),
      links[6] as Link,
    );
    expect(await verifyLog(source, { keys: KEYS })).toMatchObject({ ok: true, rows: 6, checkpoints: 3 });
  });

  it('should be those that are named', async () => {
    const source = sourceOf(
      rows,
      signed([
        [300, 2, hashOf(2)],
        [301, 4, 'ab'.repeat(32)],
        [302, 6, hashOf(6)],
      ]),
      links[6] as Link,
    );
    expect(await verifyLog(source, { keys: KEYS })).toMatchObject({
      fault: { kind: 'chain_rewritten', stream: '1', seq: 4 },
    });
  });

  it('should not have been written anew behind more of them than are looked up, another row behind the last', async () => {
    const written = rowsOf('1', 151);
    const late = written.rows.slice(1).map(({ seq, hash }): [number, number, string] => [300 + seq, seq, hash]);
    const healthy = sourceOf(written.rows, signed(late), written.links[151] as Link);
    expect(await verifyLog(healthy, { keys: KEYS })).toMatchObject({ ok: true, rows: 151 });
    const attacked = rowsOf('1', 152, 140);
    const source = sourceOf(attacked.rows, signed(late), attacked.links[152] as Link);
    expect(await verifyLog(source, { keys: KEYS })).toMatchObject({
      fault: { kind: 'chain_rewritten', stream: '1', seq: 151 },
    });
  });

  it('should end the verification where nobody waits for it any more', async () => {
    const signal = AbortSignal.abort(new Error('gone'));
    await expect(verifyLog(sourceOf(rows, [], links[6] as Link), { keys: KEYS, signal })).rejects.toThrow('gone');
  });
});
