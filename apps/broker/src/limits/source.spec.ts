import { describe, expect, it } from '@jest/globals';
import { sourceOf } from './source.js';

describe(sourceOf.name, () => {
  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['nonsense:', 'nonsense:'],
  ])('should take %s as %s', (ip, source) => {
    expect(sourceOf(ip)).toBe(source);
  });
});
