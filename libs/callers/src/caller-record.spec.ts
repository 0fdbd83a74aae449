import { describe, expect, it } from '@jest/globals';
import { changedFields, NO_FIELDS } from './caller-record.js';

describe('changedFields', () => {
  it('should name what differs, in the words of the HTTP contract', () => {
    const after = { ...NO_FIELDS, rules: ['klavi/*'], expiresAt: new Date(0) };
    expect(changedFields(NO_FIELDS, after)).toEqual(['rules', 'expires_at']);
  });

  it('should name nothing where all is the same', () => {
    const fields = {
      description: 'x',
      roles: ['admin' as const],
      rules: ['a/*'],
      identities: [],
      expiresAt: new Date(5),
    };
    expect(changedFields(fields, { ...fields, rules: ['a/*'], expiresAt: new Date(5) })).toEqual([]);
  });
});
