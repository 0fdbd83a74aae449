import { describe, expect, it } from '@jest/globals';
import { encodePlace } from './place.js';

const place = { table: 'ab', row: 'c', column: 'd', generation: 1 };

describe('encodePlace', () => {
  it('should put each text behind its length, the generation in eight bytes last', () => {
    expect(encodePlace('l', place).toString('hex')).toBe(
      ['000000016c', '000000026162', '0000000163', '0000000164', '0000000000000001'].join(''),
    );
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('should refuse generation %d', (generation) => {
    expect(() => encodePlace('l', { ...place, generation })).toThrow(RangeError);
  });
});
