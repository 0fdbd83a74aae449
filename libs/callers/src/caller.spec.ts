import { describe, expect, it } from '@jest/globals';
import { type Caller, covers, requireRole } from './caller.js';
import { compileRule } from './rule.js';

const newCaller = (overrides: Partial<Caller> = {}): Caller => ({
  name: 'billing',
  keyId: 'abcdefghij01',
  roles: [],
  rules: [],
  ...overrides,
});

const name = { provider: 'klavi', connection: 'acme' };

describe('covers', () => {
  it('should cover nothing without rules, not even for an administrator', () => {
    expect(covers(newCaller({ roles: ['admin'] }), name)).toBe(false);
  });

  it('should cover what one of several rules matches', () => {
    const rules = ['berbix/*', 'klavi/a*'].map(compileRule);
    expect(covers(newCaller({ rules }), name)).toBe(true);
    expect(covers(newCaller({ rules }), { ...name, connection: 'b' })).toBe(false);
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
