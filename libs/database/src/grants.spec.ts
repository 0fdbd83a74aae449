import { describe, expect, it } from '@jest/globals';
import { grantsFor } from './grants.js';

describe(grantsFor.name, () => {
  it('should give the log no right to change what is in it', () => {
    const grants = grantsFor('claviger_app')
      .split('\n')
      .filter((line) => line.startsWith('GRANT') && /audit_events|audit_checkpoints/.test(line));
    expect(grants).toEqual(['GRANT SELECT, INSERT ON audit_events, audit_checkpoints TO "claviger_app";']);
  });

  it('should quote the name of the role', () => {
    const script = grantsFor('a"; DROP TABLE providers; --');
    expect(script).toContain('TO "a""; DROP TABLE providers; --";');
  });

  it.each(['', 'a\0b', 'ü'.repeat(32)])('should refuse what can be no role: %j', (role) => {
    expect(() => grantsFor(role)).toThrow('name of a database role');
  });
});
