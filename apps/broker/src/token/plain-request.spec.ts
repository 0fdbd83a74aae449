import { describe, expect, it } from '@jest/globals';
import { plainRequest } from './plain-request.js';

const asked = (url: string, headers = {}, method = 'GET') => plainRequest({ method, url, headers });

describe('plainRequest', () => {
  it('should read names and min_ttl, and put what is meant where they are absent', () => {
    expect(asked('/providers/klavi/token?connection=acme&min_ttl=300')).toEqual({
      provider: 'klavi',
      connection: 'acme',
      minTtlSeconds: 300,
    });
    expect(asked('/providers/klavi/token?connection=acme')).toMatchObject({ connection: 'acme', minTtlSeconds: 60 });
    expect(asked('/providers/klavi/token')).toMatchObject({ connection: 'default', minTtlSeconds: 60 });
  });

  it.each([
    ['another method', '/providers/klavi/token', {}, 'HEAD'],
    ['a body', '/providers/klavi/token', { 'content-length': '2' }],
    ['a chunked body', '/providers/klavi/token', { 'transfer-encoding': 'chunked' }],
    ['another path', '/providers/klavi/tokens'],
    ['a longer path', '/providers/klavi/token/'],
    ['an absolute target', 'http://localhost/providers/klavi/token'],
    ['no name', '/providers//token'],
    ['a name that is none', '/providers/Klavi/token?connection=acme'],
    ['a name that is too long', `/providers/klavi/token?connection=${'a'.repeat(64)}`],
    ['something escaped', '/providers/klavi/token?connection=a%2e'],
    ['a member that is not known', '/providers/klavi/token?connection=acme&force=1'],
    ['a member twice', '/providers/klavi/token?connection=acme&connection=other'],
    ['members in another order', '/providers/klavi/token?min_ttl=5&connection=acme'],
    ['members without a question mark', '/providers/klavi/token&min_ttl=5'],
    ['a time that is too long', '/providers/klavi/token?connection=acme&min_ttl=86401'],
    ['a time below 0', '/providers/klavi/token?connection=acme&min_ttl=-1'],
    ['a fragment', '/providers/klavi/token?connection=acme#x'],
    ['a line break behind it', '/providers/klavi/token?connection=acme\n'],
  ])('should leave %s to the pipeline', (_what, url, headers = {}, method = 'GET') => {
    expect(asked(url, headers, method)).toBeUndefined();
  });
});
