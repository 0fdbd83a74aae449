import { describe, expect, it } from '@jest/globals';
import { losslessParse, losslessStringify } from './lossless.js';

describe('lossless JSON', () => {
  it('should keep every digit of an integer beyond 2^53', () => {
    const text = '{"id":9007199254740993123,"n":1800,"f":1481650253.342885,"big":1e+30}';

    expect(losslessParse(text)).toEqual({ id: 9007199254740993123n, n: 1800, f: 1481650253.342885, big: 1e30 });
    expect(losslessStringify(losslessParse(text))).toBe(text);
  });
});
