import { describe, expect, it } from '@jest/globals';
import { genesis, nextLink } from '../chain/chain.js';
import { type ChainRow, ChainWalk } from './chain.walk.js';

const REPLICA = '00000000-0000-4000-8000-000000000001';

function rowsOf(stream: string, count: number): readonly ChainRow[] {
  let link = genesis(stream, REPLICA);
  return Array.from({ length: count }, (_, index) => {
    const body = `{"id":"${stream}-${index + 1}"}`;
    link = nextLink(link, body);
    return { stream, seq: link.seq, hash: link.hash, body };
  });
}

const walk = (rows: readonly ChainRow[], floor = new Map<string, ReturnType<typeof genesis>>()) => {
  const sut = new ChainWalk(
    floor,
    new Map([
      ['7', REPLICA],
      ['8', REPLICA],
    ]),
  );
  const fault = rows.map((row) => sut.add(row)).find((found) => found !== undefined);
  return { fault, rows: sut.rows, ends: sut.ends };
};

describe(ChainWalk.name, () => {
  const rows = rowsOf('7', 3);

  it('should follow each stream to its end', () => {
    const { fault, rows: count, ends } = walk([...rows, ...rowsOf('8', 2)]);
    expect([fault, count]).toEqual([undefined, 5]);
    expect(ends.get('7')).toEqual({ seq: 3, hash: rows[2]?.hash });
  });

  it('should begin after what was retired', () => {
    const floor = new Map([['7', { seq: 2, hash: rows[1]?.hash ?? Buffer.of() }]]);
    expect(walk(rows.slice(2), floor).fault).toBeUndefined();
    expect(walk(rows, floor).fault).toContain('stream 7 row 3: missing');
  });

  it.each([
    ['an edited text', rows.map((row) => (row.seq === 2 ? { ...row, body: '{}' } : row)), 'stream 7 row 2: its hash'],
    ['an edited hash', rows.map((row) => (row.seq === 3 ? { ...row, hash: Buffer.alloc(32) } : row)), 'stream 7 row 3'],
    ['a row that is gone', rows.filter(({ seq }) => seq !== 2), 'stream 7 row 2: missing'],
    ['a stream that nobody knows', rowsOf('9', 1), 'stream 9: it has rows and is not in audit_streams'],
  ])('should name the place of %s', (_what, changed, fault) => {
    expect(walk(changed).fault).toContain(fault);
  });
});
