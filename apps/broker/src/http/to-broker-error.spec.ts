import { describe, expect, it } from '@jest/globals';
import { toBrokerError } from './to-broker-error.js';

const failure = (message: string, code: string) => Object.assign(new Error(message), { code });

describe(toBrokerError.name, () => {
  it('should tell a body that was cut off from a database that is away', () => {
    expect(toBrokerError(failure('aborted', 'ECONNRESET'))).toMatchObject({
      code: 'invalid_request',
      facts: { errors: [{ field: 'body', message: 'ended before it was whole' }] },
    });
    expect(toBrokerError(failure('read ECONNRESET', 'ECONNRESET'))).toMatchObject({ code: 'storage_unavailable' });
  });

  it('should keep what nothing expected to itself', () => {
    const secret = new Error('a-secret');
    expect(toBrokerError(secret)).toMatchObject({ code: 'internal_error', cause: secret });
    expect(toBrokerError(secret).message).not.toContain('a-secret');
  });
});
