import { describe, expect, it } from '@jest/globals';
import { subjectOfClientCert } from './client-certificate.js';

describe('subjectOfClientCert', () => {
  it.each([
    ['By=spiffe://a/lb;Hash=468ed33b;URI=spiffe://a/ns/prod/sa/billing', 'spiffe://a/ns/prod/sa/billing'],
    ['Hash=468ed33b;Subject="CN=billing,O=Example";URI=spiffe://a/billing;DNS=x.example', 'spiffe://a/billing'],
    [
      'Hash=468ed33b;Subject="CN=billing,OU=\\"A, B\\",O=Example";DNS=x.example;DNS=y.example',
      'CN=billing,OU="A, B",O=Example',
    ],
    ['subject="/C=US/CN=Test;Client"', '/C=US/CN=Test;Client'],
    ['Subject="CN=\\\\\\"x"', 'CN=\\"x'],
    ['Subject=""', ''],
  ])('%s should name %s', (header, subject) => {
    expect(subjectOfClientCert(header)).toBe(subject);
  });

  it.each([
    '',
    'Hash=468ed33b',
    'URI=spiffe://a/one;URI=spiffe://a/two',
    'Subject="CN=a";Subject="CN=b"',
    'URI=spiffe://a/one,URI=spiffe://a/two',
    'Subject="CN=a",By=x;Subject="CN=b"',
    'Subject="CN=a" ;URI=x',
    'Subject="CN=a',
    'Subject=CN=a,O=b',
    'URI=spiffe://a/one; URI=spiffe://a/two',
    'nonsense',
    '"CN=a"',
  ])('%j should name nobody', (header) => {
    expect(subjectOfClientCert(header)).toBeUndefined();
  });

  it('should decide a long header at once', () => {
    const started = performance.now();
    expect(subjectOfClientCert(`Subject="${'\\\\'.repeat(4000)}`)).toBeUndefined();
    // Not a matter of speed: one that goes back for every part does not come to its end.
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
