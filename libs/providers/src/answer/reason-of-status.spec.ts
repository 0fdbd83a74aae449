import { describe, expect, it } from '@jest/globals';
import { reasonOfStatus } from './reason-of-status.js';

describe(reasonOfStatus.name, () => {
  it.each([
    [302, 'redirected'],
    [304, 'redirected'],
    [400, 'bad_request'],
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [404, 'not_found'],
    [405, 'not_found'],
    [409, 'unexpected_status'],
    [418, 'unexpected_status'],
    [422, 'bad_request'],
    [429, 'rate_limited'],
    [500, 'server_error'],
    [503, 'server_error'],
    [599, 'server_error'],
    [600, 'unexpected_status'],
  ])('should read %d as %s', (status, reason) => {
    expect(reasonOfStatus(status, {}, [])).toBe(reason);
  });

  it('should let a provider differ from what is usual', () => {
    expect(reasonOfStatus(401, { 401: 'invalid_client' }, [])).toBe('invalid_client');
  });

  it('should know the statuses that are proved not to consume', () => {
    expect(reasonOfStatus(503, {}, [503])).toBe('unprocessed');
    expect(reasonOfStatus(502, {}, [503])).toBe('server_error');
  });
});
