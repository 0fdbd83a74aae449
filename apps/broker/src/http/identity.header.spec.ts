import { describe, expect, it } from '@jest/globals';
import { IdentityHeader } from './identity.header.js';

const proxies = ['10.20.0.0/24', 'fd00:20::/64'];
const header = 'x-client-subject';

/** A request with these headers from the other end of a connection. */
const request = (headers: Readonly<Record<string, readonly string[]>>, remoteAddress = '10.20.0.7') =>
  ({ raw: { headersDistinct: headers }, socket: { remoteAddress } }) as never;

const newHeader = (identityHeader: string | undefined = header): IdentityHeader =>
  new IdentityHeader({ identityHeader, trustedProxies: proxies });

describe(IdentityHeader.name, () => {
  it.each(['10.20.0.7', '::ffff:10.20.0.7', 'fd00:20::1'])('should believe a trusted proxy at %s', (address) => {
    expect(newHeader().subjectOf(request({ [header]: ['CN=billing'] }, address))).toBe('CN=billing');
  });

  it.each(['10.20.1.7', '127.0.0.1', '::1', 'fd00:21::1', ''])('should believe nobody at %j', (address) => {
    expect(() => newHeader().subjectOf(request({ [header]: ['CN=billing'] }, address))).toThrow(
      expect.objectContaining({ code: 'unauthenticated', reason: 'untrusted_proxy' }),
    );
  });

  it('should not be there where nobody sends it, or nobody configured it', () => {
    expect(newHeader().subjectOf(request({}, '192.0.2.1'))).toBeUndefined();
    const off = new IdentityHeader({ identityHeader: undefined, trustedProxies: [] });
    expect(off.subjectOf(request({ [header]: ['CN=billing'] }, '192.0.2.1'))).toBeUndefined();
  });

  it('should not be there twice', () => {
    expect(() => newHeader().subjectOf(request({ [header]: ['CN=a', 'CN=b'] }))).toThrow(
      expect.objectContaining({ reason: 'malformed_identity' }),
    );
  });

  it('should be read in the form of Envoy under the name of Envoy', () => {
    const sut = newHeader('x-forwarded-client-cert');
    const of = (value: string) => sut.subjectOf(request({ 'x-forwarded-client-cert': [value] }));
    expect(of('Hash=1;Subject="CN=billing"')).toBe('CN=billing');
    expect(() => of('CN=billing')).toThrow(expect.objectContaining({ reason: 'malformed_identity' }));
  });
});
