import { describe, expect, it } from '@jest/globals';
import { errorFacts } from './error-facts.js';
import { BrokerError } from './errors.js';

describe(errorFacts.name, () => {
  it('should leave out the message of a foreign error, which may quote a secret', () => {
    const facts = errorFacts(new TypeError('bad token s3cret\n    at s3cret-place'));
    expect(JSON.stringify(facts)).not.toContain('s3cret');
    expect(facts).toMatchObject({ error_name: 'TypeError' });
    expect(facts.error_frames).toContain('at ');
  });

  it('should keep our own message and what caused it', () => {
    const cause = Object.assign(new Error('x'), { code: 'ECONNRESET' });
    expect(errorFacts(new BrokerError('storage_unavailable', 'Ask again.', { cause }))).toMatchObject({
      code: 'storage_unavailable',
      error_message: 'Ask again.',
      error_code: 'ECONNRESET',
    });
  });

  it('should cope with what is no error', () => {
    expect(errorFacts('boom')).toEqual({ error_name: 'string' });
    expect(errorFacts(undefined)).toEqual({ error_name: 'undefined' });
  });
});
