import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { genesis, hashesAfter, nextLink, sameLink } from './chain.js';

const REPLICA = '00000000-0000-4000-8000-000000000001';

describe(nextLink.name, () => {
  const first = genesis('7', REPLICA);

  it('should be what anybody computes from the description', () => {
    const bytes = Buffer.concat([first.hash, Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]), Buffer.from('{"a":"ü😀"}')]);
    expect(nextLink(first, '{"a":"ü😀"}')).toEqual({ seq: 1, hash: createHash('sha256').update(bytes).digest() });
  });

  it.each([
    ['text', nextLink(first, '{"a":2}')],
    ['number', nextLink({ ...first, seq: 1 }, '{"a":1}')],
    ['row before', nextLink(genesis('8', REPLICA), '{"a":1}')],
  ])('should be another for another %s', (_what, other) => {
    expect(other.hash).not.toEqual(nextLink(first, '{"a":1}').hash);
  });
});

describe(sameLink.name, () => {
  it('should compare number and hash', () => {
    const one = genesis('7', REPLICA);
    expect([
      sameLink(one, genesis('7', REPLICA)),
      sameLink(one, genesis('8', REPLICA)),
      sameLink(one, { ...one, seq: 1 }),
    ]).toEqual([true, false, false]);
  });
});

describe(hashesAfter.name, () => {
  it.each([
    ['short texts', ['{}', '{"a":1}', '']],
    ['texts of every width', ['é', '漢', '😀', '\u2028']],
    ['a text longer than any before', ['{}', '漢'.repeat(50_000), '{}']],
    ['no text', []],
  ])('should be the hashes of one link after the other: %s', (_what, bodies) => {
    const first = { seq: 2 ** 32 - 2, hash: genesis('7', REPLICA).hash };
    let link = first;
    const hashes = bodies.map((body) => (link = nextLink(link, body)).hash);
    expect(hashesAfter(first, bodies)).toEqual(Buffer.concat(hashes));
    hashes.forEach((hash, index) => {
      const before = hashes[index - 1] ?? first.hash;
      const number = Buffer.alloc(8);
      number.writeBigUInt64BE(BigInt(first.seq + index + 1));
      const bytes = Buffer.concat([before, number, Buffer.from(bodies[index] ?? '')]);
      expect(hash).toEqual(createHash('sha256').update(bytes).digest());
    });
  });
});
