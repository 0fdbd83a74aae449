import { describe, expect, it } from '@jest/globals';
import { isNetwork, Networks } from './networks.js';

describe('isNetwork', () => {
  it.each(['10.0.0.0/8', '192.0.2.1/32', '0.0.0.0/0', 'fd00::/8', '::1/128'])('should take %s', (text) => {
    expect(isNetwork(text)).toBe(true);
  });

  it.each(['', '10.0.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0/8', '::/129', 'a/8', '10.0.0.0/8/8', '10.0.0.0/-1'])(
    'should refuse %j',
    (text) => {
      expect(isNetwork(text)).toBe(false);
    },
  );
});

describe(Networks.name, () => {
  const sut = new Networks(['10.20.0.0/16', '192.0.2.7/32', 'fd00:20::/64']);

  it.each(['10.20.0.0', '10.20.255.255', '192.0.2.7', 'fd00:20::1', '::ffff:10.20.3.4'])(
    'should include %s',
    (text) => {
      expect(sut.includes(text)).toBe(true);
    },
  );

  it.each(['10.21.0.0', '192.0.2.8', 'fd00:21::1', '::ffff:10.21.0.0', 'localhost', '10.20.0', '', null, undefined])(
    'should not include %s',
    (text) => {
      expect(sut.includes(text)).toBe(false);
    },
  );

  it('should include nothing where no network is given', () => {
    expect(new Networks([]).includes('127.0.0.1')).toBe(false);
  });
});
