import { describe, expect, it } from '@jest/globals';
import { AddressGuard, hostOf } from './address-guard.js';

const HOSTILE = [
  'https://127.0.0.1/',
  'https://127.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://017700000001/',
  'https://0/',
  'https://0.0.0.0/',
  'https://10.1.2.3/',
  'https://172.16.0.1/',
  'https://192.168.1.1/',
  'https://100.64.0.1/',
  'https://169.254.169.254/latest/meta-data/',
  'https://192.0.0.192/',
  'https://168.63.129.16/',
  'https://[::ffff:168.63.129.16]/',
  'https://192.88.99.1/',
  'https://[::8.8.8.8]/',
  'https://[3fff::1]/',
  'https://198.18.0.1/',
  'https://203.0.113.7/',
  'https://224.0.0.1/',
  'https://240.0.0.1/',
  'https://255.255.255.255/',
  'https://[::1]/',
  'https://[::]/',
  'https://[::127.0.0.1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:a9fe:a9fe]/',
  'https://[64:ff9b::10.0.0.1]/',
  'https://[64:ff9b::a9fe:a9fe]/',
  'https://[64:ff9b:1::1]/',
  'https://[2002:7f00:1::1]/',
  'https://[2001:0:7f00:1::]/',
  'https://[fd00:ec2::254]/',
  'https://[fe80::1]/',
  'https://[fec0::1]/',
  'https://[ff02::1]/',
  'https://[2001:db8::1]/',
  'https://user@provider.example/',
  'https://user:secret@provider.example/',
  'https://provider.example\\@127.0.0.1/',
  'http://provider.example/',
  'http://93.184.216.34/',
  'ftp://provider.example/',
  'file:///etc/passwd',
  'data:text/plain,hello',
];

describe(AddressGuard.name, () => {
  const refusesLiterals = HOSTILE.filter((url) => !url.includes('\\@'));

  it.each(refusesLiterals)('should refuse %s where nothing is allowed', (url) => {
    expect(new AddressGuard([]).allowsUrl(new URL(url))).toBe(false);
  });

  it('should judge the host that is connected to, not the one that only looks like it', () => {
    const url = new URL('https://provider.example\\@127.0.0.1/');

    expect(hostOf(url)).toBe('provider.example');
    expect(new AddressGuard([]).allowsUrl(url)).toBe(true);
  });

  it.each([
    'https://provider.example/',
    'https://93.184.216.34/',
    'https://[2606:4700::1111]/',
    'https://[64:ff9b::808:808]/',
  ])('should let %s pass', (url) => {
    expect(new AddressGuard([]).allowsUrl(new URL(url))).toBe(true);
  });

  it('should allow http and private addresses inside the allowed networks only', () => {
    const sut = new AddressGuard(['127.0.0.0/8', '::1/128', '10.1.0.0/16']);

    expect(sut.allowsUrl(new URL('http://127.0.0.1:3900/'))).toBe(true);
    expect(sut.allowsUrl(new URL('http://[::1]:3900/'))).toBe(true);
    expect(sut.allowsUrl(new URL('https://10.1.2.3/'))).toBe(true);
    expect(sut.allowsUrl(new URL('https://10.2.2.3/'))).toBe(false);
    expect(sut.allowsUrl(new URL('http://93.184.216.34/'))).toBe(false);
  });

  it('should recognise an allowed network behind an IPv4-mapped address', () => {
    const sut = new AddressGuard(['127.0.0.0/8']);

    expect(sut.allowsAddress('::ffff:127.0.0.1', 'http:')).toBe(true);
    expect(sut.allowsAddress('::ffff:10.0.0.1', 'http:')).toBe(false);
  });

  it('should leave names to the look-up', () => {
    expect(new AddressGuard(['127.0.0.0/8']).allowsUrl(new URL('http://localhost:3900/'))).toBe(true);
  });

  it('should refuse what is no address', () => {
    expect(new AddressGuard(['0.0.0.0/0']).allowsAddress('provider.example', 'https:')).toBe(false);
  });

  it.each(['::8.8.8.8', '2606:4700::1%eth0', 'fe80::1%eth0', '127.1', '2130706433', '0x7f.1', '::1%', ''])(
    'should refuse %s, which no resolver has any business to answer',
    (address) => {
      expect(new AddressGuard(['127.0.0.0/8', '10.0.0.0/8']).allowsAddress(address, 'https:')).toBe(false);
    },
  );

  it('should name a network that is none', () => {
    expect(() => new AddressGuard(['10.0.0.0/8', '10.0.0.1'])).toThrow('"10.0.0.1" is not a network in CIDR notation');
  });
});
