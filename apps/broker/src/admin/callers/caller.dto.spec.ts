import { describe, expect, it } from '@jest/globals';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { ApiKeyParams, NewApiKeyDto } from './api-key.dto.js';
import { CallerFieldsDto, CallerParams, toChanges, toFields } from './caller.dto.js';

const refused = (type: new () => object, body: object): readonly string[] =>
  validateSync(plainToInstance(type, body), { whitelist: true, forbidNonWhitelisted: true }).map(
    ({ property }) => property,
  );

describe('CallerFieldsDto', () => {
  it.each([
    {},
    { description: '', roles: [], rules: [], expires_at: null },
    { roles: ['admin', 'auditor'], rules: ['*/*', 'berbix/prod-*'], expires_at: '2030-01-01T00:00:00+02:00' },
    { identities: [{ issuer: 'https://issuer.example', subject: 'system:serviceaccount:prod:*' }] },
    { rules: ['a/b', { rule: 'a/b' }, { rule: 'a/b', expires_at: null, networks: null }] },
    { rules: [{ rule: 'a/b', expires_at: '2020-01-01T00:00:00Z', networks: ['10.0.0.0/8', '::1/128'] }] },
  ])('should take %j', (body) => {
    expect(refused(CallerFieldsDto, body)).toEqual([]);
  });

  it.each([
    [{ description: null }, 'description'],
    [{ description: 'x'.repeat(501) }, 'description'],
    [{ roles: null }, 'roles'],
    [{ roles: 'admin' }, 'roles'],
    [{ roles: ['root'] }, 'roles'],
    [{ roles: ['admin', 'admin'] }, 'roles'],
    [{ rules: null }, 'rules'],
    [{ rules: ['klavi'] }, 'rules'],
    [{ rules: [null] }, 'rules'],
    [{ rules: [['a/b']] }, 'rules'],
    [{ rules: ['a/b', 'a/b'] }, 'rules'],
    [{ rules: [{ rule: 'a/b' }, { rule: 'a/b' }] }, 'rules'],
    [{ rules: [{}] }, 'rules'],
    [{ rules: [{ rule: 'klavi' }] }, 'rules'],
    [{ rules: [{ rule: 'a/b', until: null }] }, 'rules'],
    [{ rules: [{ rule: 'a/b', expires_at: 'tomorrow' }] }, 'rules'],
    [{ rules: [{ rule: 'a/b', expires_at: 1_800_000_000 }] }, 'rules'],
    [{ rules: [{ rule: 'a/b', networks: [] }] }, 'rules'],
    [{ rules: [{ rule: 'a/b', networks: '10.0.0.0/8' }] }, 'rules'],
    [{ rules: [{ rule: 'a/b', networks: ['10.0.0.1'] }] }, 'rules'],
    [{ rules: [{ rule: 'a/b', networks: [null] }] }, 'rules'],
    [{ identities: null }, 'identities'],
    [{ identities: {} }, 'identities'],
    [{ identities: ['mtls'] }, 'identities'],
    [{ identities: [{ issuer: 'mtls' }] }, 'identities'],
    [{ identities: [{ issuer: '', subject: 'x' }] }, 'identities'],
    [{ identities: [{ issuer: 'a b', subject: 'x' }] }, 'identities'],
    [{ identities: [{ issuer: 'mtls', subject: ' x' }] }, 'identities'],
    [{ identities: [{ issuer: 'mtls', subject: 7 }] }, 'identities'],
    [{ identities: [{ issuer: 'mtls', subject: 'x', audience: 'y' }] }, 'identities'],
    [{ identities: [1, 2].map(() => ({ issuer: 'mtls', subject: 'x' })) }, 'identities'],
    [
      { identities: Array.from({ length: 51 }, (_, index) => ({ issuer: 'mtls', subject: `x${index}` })) },
      'identities',
    ],
    [{ rules: Array.from({ length: 201 }, (_, index) => `a/${index}`) }, 'rules'],
    [{ expires_at: 'tomorrow' }, 'expires_at'],
    [{ expires_at: 1_800_000_000 }, 'expires_at'],
    [{ name: 'x' }, 'name'],
  ])('should refuse %j', (body, field) => {
    expect(refused(CallerFieldsDto, body)).toEqual([field]);
  });
});

describe('toChanges and toFields', () => {
  const sent = plainToInstance(CallerFieldsDto, { rules: ['klavi/*'], expires_at: '2030-01-01T00:00:00Z' });

  it('should hold what was sent and nothing else', () => {
    expect(toChanges(sent)).toEqual({ rules: ['klavi/*'], expiresAt: new Date('2030-01-01T00:00:00Z') });
    expect(toChanges(plainToInstance(CallerFieldsDto, {}))).toEqual({});
    expect(toChanges(plainToInstance(CallerFieldsDto, { expires_at: null }))).toEqual({ expiresAt: null });
  });

  it('should hold every field, empty where it was not sent', () => {
    expect(toFields(plainToInstance(CallerFieldsDto, { roles: ['admin'] }))).toEqual({
      description: '',
      roles: ['admin'],
      rules: [],
      identities: [],
      expiresAt: null,
    });
  });
});

describe('paths and keys', () => {
  it.each(['Billing', '-x', '', 'a b', 'x'.repeat(64)])('should refuse %j for a name', (caller) => {
    expect(refused(CallerParams, { caller })).toEqual(['caller']);
  });

  it('should refuse a key id of another form', () => {
    expect(refused(ApiKeyParams, { caller: 'billing', key_id: 'short' })).toEqual(['key_id']);
    expect(refused(ApiKeyParams, { caller: 'billing', key_id: 'abcdefghij01' })).toEqual([]);
  });

  it('should refuse an expiry of a key that is no time', () => {
    expect(refused(NewApiKeyDto, { expires_at: 'never' })).toEqual(['expires_at']);
    expect(refused(NewApiKeyDto, { expires_at: null })).toEqual([]);
  });
});
