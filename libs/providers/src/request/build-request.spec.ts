import { describe, expect, it } from '@jest/globals';
import { buildRequest, type RequestParts } from './build-request.js';

const build = (parts: Partial<RequestParts> = {}) =>
  buildRequest({ method: 'POST', baseUrl: 'https://api.example', path: '/token', ...parts });

const toTheLetter = (baseUrl: string, parts: Partial<RequestParts> = {}): string =>
  buildRequest({ method: 'POST', baseUrl, ...parts }).url;

describe(buildRequest.name, () => {
  it('should append the path to the base, whether that ends in a slash or not', () => {
    expect(build({ baseUrl: 'https://api.example/auth/v0/', path: '/refresh/' }).url).toBe(
      'https://api.example/auth/v0/refresh/',
    );
    expect(build({ baseUrl: 'http://127.0.0.1:3900/klavi', query: { ttl: '900' } }).url).toBe(
      'http://127.0.0.1:3900/klavi/token?ttl=900',
    );
  });

  it('should ask for JSON and name itself', () => {
    expect(build().headers).toEqual({ accept: 'application/json', 'user-agent': 'claviger' });
    expect(build().body).toBeUndefined();
  });

  it('should take a base without a path to the letter', () => {
    const parameters = { encoding: 'query', fields: { b: 'x y' } } as const;

    expect(toTheLetter('https://api.example/oauth/token/', { parameters })).toBe(
      'https://api.example/oauth/token/?b=x+y',
    );
    expect(toTheLetter('https://api.example/token?refresh', { query: { a: '&' }, parameters })).toBe(
      'https://api.example/token?refresh&a=%26&b=x+y',
    );
    expect(toTheLetter('https://api.example/token?refresh')).toBe('https://api.example/token?refresh');
  });

  it('should have no body where parameters stand in the query', () => {
    const request = build({ parameters: { encoding: 'query', fields: { a: true } } });

    expect(request).toMatchObject({ url: 'https://api.example/token?a=true' });
    expect(request.body).toBeUndefined();
    expect(request.headers['content-type']).toBeUndefined();
  });

  it('should keep numbers and truth values in JSON, and write them as texts elsewhere', () => {
    const fields = { ttl: 1800, offline: true };

    expect(build({ parameters: { encoding: 'json', fields } }).body).toBe('{"ttl":1800,"offline":true}');
    expect(build({ parameters: { encoding: 'form', fields } }).body).toBe('ttl=1800&offline=true');
    expect(build({ parameters: { encoding: 'multipart', fields } }).body).toContain('\r\n\r\n1800\r\n');
  });

  it('should write a JSON body', () => {
    const request = build({ parameters: { encoding: 'json', fields: { a: 'ü"' } } });

    expect(request.headers['content-type']).toBe('application/json');
    expect(request.body).toBe('{"a":"ü\\""}');
  });

  it('should write a form body', () => {
    const request = build({ parameters: { encoding: 'form', fields: { a: 'x&y=z', b: 'ü +' } } });

    expect(request.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(Object.fromEntries(new URLSearchParams(request.body))).toEqual({ a: 'x&y=z', b: 'ü +' });
  });

  it('should write a multipart body whose parts no value can forge', async () => {
    const fields = { a: 'x\r\n--claviger-\r\nContent-Disposition: form-data; name="b"\r\n\r\nforged', b: 'ü' };
    const request = build({ parameters: { encoding: 'multipart', fields } });

    const read = await new Response(request.body, { headers: { ...request.headers } }).formData();

    expect(Object.fromEntries(read)).toEqual(fields);
    expect(build({ parameters: { encoding: 'multipart', fields } }).body).not.toBe(request.body);
  });

  it.each(['Bearer canary\r\nx: y', 'Bearer canary\n', 'Bearer “canary”', 'Bearer canary\u0000'])(
    'should refuse the header value %j without repeating it',
    (authorization) => {
      expect(() => build({ headers: { authorization } })).toThrow(
        expect.objectContaining({
          code: 'connection_misconfigured',
          message: expect.not.stringContaining('canary'),
        }),
      );
    },
  );

  it('should refuse a base that is no URL', () => {
    expect(() => build({ baseUrl: 'api.example' })).toThrow(
      expect.objectContaining({
        code: 'connection_misconfigured',
        message: expect.stringContaining('not an absolute one'),
      }),
    );
  });
});
