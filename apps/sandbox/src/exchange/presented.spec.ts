import { describe, expect, it } from '@jest/globals';
import type { RequestSpec } from '../contract/answers-file.js';
import { presentedBy } from './presented.js';

const spec = (value: string, fields: RequestSpec['body']['fields'] = []): RequestSpec => ({
  headers: [{ name: 'Authorization', value }],
  body: { encoding: 'none', fields },
});

const present = (template: string, authorization?: string) =>
  presentedBy(
    spec(template),
    { method: 'GET', path: '/', query: new URLSearchParams(), headers: { authorization }, body: Buffer.alloc(0) },
    new Map(),
  );

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('presentedBy', () => {
  it.each([
    ['Bearer {refresh_token}', 'Bearer abc', { refresh_token: 'abc' }],
    ['Bearer {refresh_token}', 'bearer  abc ', { refresh_token: 'abc' }],
    ['Bearer {refresh_token}', 'Token abc', {}],
    ['Bearer {refresh_token}', 'Bearer', {}],
    ['Bearer {refresh_token}', undefined, {}],
    ['{api_key}', 'abc', { api_key: 'abc' }],
    ['application/json', 'application/json', {}],
    ["Basic {base64(api_secret + ':')}", basic('abc:'), { api_secret: 'abc' }],
    ["Basic {base64(api_secret + ':')}", basic('abc:x'), {}],
    ["Basic {base64(api_secret + ':')}", basic('a:c:'), {}],
    ["Basic {base64(api_secret + ':')}", basic('abc'), {}],
    ["Basic {base64(api_secret + ':')}", 'Bearer abc:', {}],
    ["Basic {base64(id + ':' + secret)}", basic('a%3Ab:c+d:e'), { id: 'a:b', secret: 'c d:e' }],
    ["Basic {base64(id + ':' + secret)}", basic('a'), { id: 'a' }],
    ["Basic {base64(id + ':' + secret)}", 'Bearer a:b', {}],
  ])('should read %s out of %s', (template, value, expected) => {
    expect(present(template, value)).toEqual(expected);
  });

  it('should read body fields by our names, and no empty ones', () => {
    const fields = [{ path: 'accessKey', field: 'access_key' }, { path: 'email' }, { path: 'name' }];
    const received = {
      method: 'GET',
      path: '/',
      query: new URLSearchParams(),
      headers: {},
      body: Buffer.alloc(0),
    };
    const sent = new Map([
      ['accessKey', 'a'],
      ['email', 'b'],
      ['name', ''],
    ]);

    expect(presentedBy(spec('x', fields), received, sent)).toEqual({ access_key: 'a', email: 'b' });
  });

  it('should read documented query parameters, and leave constants aside', () => {
    const fields = [{ path: 'grant_type', value: 'refresh_token' }];
    const query = [{ name: 'token', field: 'refresh_token' }, { name: 'ttl' }];
    const received = {
      method: 'POST',
      path: '/',
      query: new URLSearchParams('token=a&ttl=5'),
      headers: {},
      body: Buffer.alloc(0),
    };

    const sent = new Map([['grant_type', 'refresh_token']]);

    expect(presentedBy({ ...spec('x', fields), query }, received, sent)).toEqual({ refresh_token: 'a' });
  });
});
