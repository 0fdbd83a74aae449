import { describe, expect, it } from '@jest/globals';
import { type Caller, covers, heldRules, requireRole } from './caller.js';
import { compileRule, type LimitedRule } from './rule.js';

const newCaller = (overrides: Partial<Caller> = {}): Caller => ({
  name: 'billing',
  keyId: 'abcdefghij01',
  roles: [],
  rules: [],
  ...overrides,
});

const name = { provider: 'klavi', connection: 'acme' };
const at = { now: 1_800_000_000_000, clientIp: '10.20.0.1' };

describe('covers', () => {
  it('should cover nothing without rules, not even for an administrator', () => {
    expect(covers(newCaller({ roles: ['admin'] }), name, at)).toBe(false);
  });

  it('should cover what one of several rules matches', () => {
    const rules = ['berbix/*', 'klavi/a*'].map(compileRule);
    expect(covers(newCaller({ rules }), name, at)).toBe(true);
    expect(covers(newCaller({ rules }), { ...name, connection: 'b' }, at)).toBe(false);
  });
});

const limited = (overrides: Partial<LimitedRule>): LimitedRule => ({
  rule: 'klavi/*',
  expiresAt: null,
  networks: null,
  ...overrides,
});

describe('a rule with limits', () => {
  it.each([
    ['before its end', { expiresAt: new Date(at.now + 1) }, true],
    ['at its end', { expiresAt: new Date(at.now) }, false],
    ['in its network', { networks: ['192.0.2.0/24', '10.20.0.0/16'] }, true],
    ['outside its networks', { networks: ['192.0.2.0/24', 'fd00::/8'] }, false],
    ['in its network but after its end', { networks: ['10.20.0.0/16'], expiresAt: new Date(at.now - 1) }, false],
  ])('should cover %s: %j, %s', (_when, limits, covered) => {
    const caller = newCaller({ rules: [compileRule(limited(limits))] });
    expect(covers(caller, name, at)).toBe(covered);
    expect(heldRules(caller, at)).toHaveLength(covered ? 1 : 0);
  });

  it.each([undefined, null, '', 'unknown'])('should not hold in a network where the address is %j', (clientIp) => {
    const caller = newCaller({ rules: [compileRule(limited({ networks: ['0.0.0.0/0', '::/0'] }))] });
    expect(covers(caller, name, { ...at, clientIp })).toBe(false);
  });

  it('should leave what other rules cover covered', () => {
    const rules = [limited({ expiresAt: new Date(0) }), 'klavi/acme'].map(compileRule);
    expect(covers(newCaller({ rules }), name, at)).toBe(true);
  });
});

describe('requireRole', () => {
  it('should pass a caller that has one of the roles', () => {
    expect(() => requireRole(newCaller({ roles: ['auditor'] }), 'admin', 'auditor')).not.toThrow();
  });

  it('should refuse a caller that has none of them', () => {
    expect(() => requireRole(newCaller({ roles: ['auditor'] }), 'admin')).toThrow(
      expect.objectContaining({ code: 'forbidden', message: expect.stringContaining('the role admin') }),
    );
  });
});
