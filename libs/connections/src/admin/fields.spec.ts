import { revealAll, toSecrets } from '@app/common';
import { describe, expect, it } from '@jest/globals';
import { isNothing, isUnchanged, mergeFields, mergeSecrets, namesOf, refuse, secretsOf } from './fields.js';

/** What a function throws, by its code and facts. */
function thrownBy(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    const { code, message, facts } = error as Record<string, unknown>;
    return { code, message, facts };
  }
  return undefined;
}

describe('mergeFields', () => {
  const before = { base_url: 'https://a.example', product: 'data' };

  it('should replace what is given and keep the rest', () => {
    expect(mergeFields(before, { product: 'monitor' })).toEqual({ ...before, product: 'monitor' });
  });

  it('should add what was not there', () => {
    expect(mergeFields<unknown>(before, { ttl_seconds: 0 })).toEqual({ ...before, ttl_seconds: 0 });
  });

  it('should remove what is null, whether it was there or not', () => {
    expect(mergeFields(before, { product: null, username: null })).toEqual({ base_url: 'https://a.example' });
  });

  it('should keep everything where nothing is given, in an object of its own', () => {
    expect(mergeFields(before)).toEqual(before);
    expect(mergeFields(before)).not.toBe(before);
  });

  it('should not merge deeper than one level (a value is replaced whole)', () => {
    expect(mergeFields<unknown>({ nested: { a: 1 } }, { nested: { b: 2 } })).toEqual({ nested: { b: 2 } });
  });
});

describe('secretsOf', () => {
  it('should take texts and leave everything else', () => {
    expect(revealAll(secretsOf({ refresh_token: 'r', email: null, count: 1, empty: '' }))).toEqual({
      refresh_token: 'r',
      empty: '',
    });
  });

  it('should make them unprintable', () => {
    expect(JSON.stringify(secretsOf({ refresh_token: 'canary' }))).not.toContain('canary');
  });
});

describe('mergeSecrets', () => {
  it('should replace, add, remove and keep', () => {
    const before = toSecrets({ kept: 'k', replaced: 'old', removed: 'r' });

    expect(revealAll(mergeSecrets(before, { replaced: 'new', added: 'a', removed: null, absent: null }))).toEqual({
      kept: 'k',
      replaced: 'new',
      added: 'a',
    });
    expect(revealAll(mergeSecrets(before))).toEqual(revealAll(before));
  });
});

describe('isNothing', () => {
  it('should be true where nothing is sent, and where only what is not there is removed', () => {
    expect(isNothing(['a'], undefined)).toBe(true);
    expect(isNothing(['a'], {})).toBe(true);
    expect(isNothing(['a'], { b: null })).toBe(true);
  });

  it('should be false for a value, and where something is removed', () => {
    expect(isNothing(['a'], { b: 'x' })).toBe(false);
    expect(isNothing(['a'], { b: null, a: null })).toBe(false);
  });
});

describe('isUnchanged', () => {
  const held = toSecrets({ a: '1', b: '2' });

  it('should be true where every value is the held one, and nothing that is held is removed', () => {
    expect(isUnchanged(held)).toBe(true);
    expect(isUnchanged(held, { a: '1', absent: null })).toBe(true);
  });

  it('should be false for another value, a further field, and a removal', () => {
    expect(isUnchanged(held, { a: '1', b: '3' })).toBe(false);
    expect(isUnchanged(held, { c: '1' })).toBe(false);
    expect(isUnchanged(held, { a: null })).toBe(false);
  });
});

describe('namesOf', () => {
  it('should name fields, removed ones too, and never their values', () => {
    expect(namesOf('credential', { refresh_token: 'canary', email: null })).toEqual([
      'credential.refresh_token',
      'credential.email',
    ]);
    expect(namesOf('settings', undefined)).toEqual([]);
  });
});

describe('refuse', () => {
  it('should be silent where there is nothing to complain of', () => {
    expect(thrownBy(() => refuse([]))).toBeUndefined();
  });

  it('should name every field', () => {
    const errors = [
      { field: 'settings.base_url', message: 'is no URL' },
      { field: 'credential.x', message: 'is not known here' },
    ];
    expect(thrownBy(() => refuse(errors))).toMatchObject({ code: 'invalid_request', facts: { errors } });
  });
});
