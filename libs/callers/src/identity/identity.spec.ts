import { describe, expect, it } from '@jest/globals';
import { compileSubject, SUBJECT_PATTERN } from './identity.js';

describe('compileSubject', () => {
  it.each([
    ['system:serviceaccount:prod:billing', 'system:serviceaccount:prod:billing'],
    ['system:serviceaccount:prod:*', 'system:serviceaccount:prod:billing'],
    ['system:serviceaccount:prod-*:bill*', 'system:serviceaccount:prod-eu:billing'],
    ['spiffe://example.org/ns/prod/sa/*', 'spiffe://example.org/ns/prod/sa/billing'],
    ['CN=*,O=Example', 'CN=billing,O=Example'],
    ['repo:acme/*:ref:refs/heads/main', 'repo:acme/shop:ref:refs/heads/main'],
    ['*', 'billing'],
  ])('%s should match %s', (pattern, subject) => {
    expect(compileSubject(pattern)(subject)).toBe(true);
  });

  it.each([
    ['system:serviceaccount:prod:billing', 'system:serviceaccount:prod:billing2'],
    ['system:serviceaccount:*', 'system:serviceaccount:prod:billing'],
    ['system:serviceaccount:*:billing', 'system:serviceaccount:evil:x:billing'],
    ['spiffe://example.org/*', 'spiffe://example.org/ns/prod'],
    ['spiffe://*/billing', 'spiffe://evil.example/x/billing'],
    ['CN=*,O=Example', String.raw`CN=x\,O=Example,O=Example`],
    ['repo:acme/*:ref:refs/heads/main', 'repo:acme/shop:pull_request'],
    ['a.c', 'abc'],
    ['a_c', 'abc'],
    ['a%', 'abc'],
    ['*', ''],
    ['*', 'a:b'],
    ['billing', 'Billing'],
  ])('%s should not match %s', (pattern, subject) => {
    expect(subject !== '' && compileSubject(pattern)(subject)).toBe(false);
  });
});

describe('SUBJECT_PATTERN', () => {
  it.each(['billing', 'CN=Müller, O=Example', '*', 'x'.repeat(512)])('should take %s', (subject) => {
    expect(subject).toMatch(SUBJECT_PATTERN);
  });

  it.each(['', ' ', ' a', 'a ', 'a\nb', 'a\0b', 'a\x7f', 'x'.repeat(513)])('should refuse %j', (subject) => {
    expect(subject).not.toMatch(SUBJECT_PATTERN);
  });
});
