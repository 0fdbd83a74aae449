import { revealAll } from '@app/common';
import { describe, expect, it } from '@jest/globals';
import { mergeFields, namesOf, refuse, secretsOf, withoutNulls } from './fields.js';

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

describe('withoutNulls', () => {
  it('should leave only what is to be checked', () => {
    expect(withoutNulls({ a: null, b: 0, c: '', d: undefined })).toEqual({ b: 0, c: '', d: undefined });
    expect(withoutNulls(undefined)).toBeUndefined();
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
