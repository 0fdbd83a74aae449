import { describe, expect, it } from '@jest/globals';
import { compileRule, RULE_PATTERN } from './rule.js';

const matches = (rule: string, name: string): boolean => {
  const [provider = '', connection = ''] = name.split('/');
  return compileRule(rule).matches({ provider, connection });
};

describe('compileRule', () => {
  it.each([
    ['klavi/acme', 'klavi/acme'],
    ['klavi/*', 'klavi/acme'],
    ['klavi/*', 'klavi/default'],
    ['*/*', 'berbix/x'],
    ['berbix/prod-*', 'berbix/prod-eu'],
    ['berbix/prod-*', 'berbix/prod-'],
    ['berbix/*-eu', 'berbix/prod-eu'],
    ['berbix/p*d-*u', 'berbix/prod-eu'],
    ['k*/a**e', 'klavi/acme'],
    ['*/a*a', 'x/aa'],
  ])('%s should match %s', (rule, name) => {
    expect(matches(rule, name)).toBe(true);
  });

  it.each([
    ['klavi/acme', 'klavi/acme2'],
    ['klavi/acme', 'klavi2/acme'],
    ['klavi/acme', 'xklavi/acme'],
    ['klavi/*', 'klavi2/acme'],
    ['klavi/*', 'onmeta/klavi'],
    ['berbix/prod-*', 'berbix/prod'],
    ['berbix/prod-*', 'berbix/xprod-eu'],
    ['*/a*a', 'x/a'],
    ['*/a*b*a', 'x/aa'],
    ['*/ab*ba', 'x/aba'],
    ['berbix/a.c', 'berbix/abc'],
  ])('%s should not match %s', (rule, name) => {
    expect(matches(rule, name)).toBe(false);
  });

  it('should decide a pattern of many stars at once', () => {
    const started = performance.now();
    expect(matches(`x/${'a*'.repeat(31)}b`, `x/${'a'.repeat(63)}`)).toBe(false);
    // Not a matter of speed: one that goes back for every part does not come to its end.
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('RULE_PATTERN', () => {
  it.each(['klavi/*', 'berbix/prod-*', '*/*', 'a/b', '*.x/*_y'])('should take %s', (rule) => {
    expect(rule).toMatch(RULE_PATTERN);
  });

  it.each([
    '',
    '*',
    'klavi',
    'klavi/',
    '/x',
    'a/b/c',
    'A/b',
    'a/b ',
    ' a/b',
    'a/?',
    'a/[b]',
    'a/b\n',
    `${'a'.repeat(64)}/b`,
  ])('should refuse %j', (rule) => {
    expect(rule).not.toMatch(RULE_PATTERN);
  });
});
