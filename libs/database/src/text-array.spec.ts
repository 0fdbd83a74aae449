import { describe, expect, it } from '@jest/globals';
import { textArray } from './text-array.js';

describe(textArray.name, () => {
  it('should be the format that array_recv reads', () => {
    const header = ['00000001', '00000001', '00000019', '00000003', '00000001'];
    const elements = ['00000002', '6f6b', 'ffffffff', '00000003', 'e6bca2'];
    expect(textArray(['ok', null, '漢']).toString('hex')).toBe([...header, ...elements].join(''));
  });

  it('should say that no null is among the elements', () => {
    expect(textArray(['']).toString('hex')).toBe('000000010000000000000019000000010000000100000000');
  });
});
