import { describe, expect, it } from '@jest/globals';
import { BrokerError } from '@app/common';
import { isStorageFailure, toStorageError } from './storage-error.js';

describe(isStorageFailure.name, () => {
  it.each([
    ['refused', { code: 'ECONNREFUSED' }],
    ['terminated by the administrator', { code: '57P01' }],
    ['too many connections', { code: '53300' }],
    ['pool exhausted', { message: 'timeout exceeded when trying to connect' }],
    ['silent', { message: 'Query read timeout' }],
    ['wrapped by Prisma', { code: 'P2010', meta: { driverAdapterError: { cause: { code: '08006' } } } }],
  ])('should recognise Postgres %s', (_, error) => {
    expect(isStorageFailure(error)).toBe(true);
  });

  it.each([
    ['a unique violation', { code: '23505' }],
    ['a syntax error', { code: '42601' }],
    ['no error object', 'ECONNREFUSED'],
  ])('should leave %s alone', (_, error) => {
    expect(isStorageFailure(error)).toBe(false);
  });
});

describe(toStorageError.name, () => {
  it('should say that asking again makes sense', () => {
    expect(toStorageError({ code: 'ECONNRESET' })).toMatchObject({
      code: 'storage_unavailable',
      facts: { retryAfter: 2 },
    });
  });

  it('should pass on what is no storage failure', () => {
    const error = new BrokerError('conflict', 'x', { cause: { code: 'ECONNRESET' } });
    expect(toStorageError(error)).toBe(error);
  });
});
