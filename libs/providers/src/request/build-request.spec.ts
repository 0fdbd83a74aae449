import { describe, expect, it } from '@jest/globals';
import { buildRequest, type RequestParts } from './build-request.js';

const build = (parts: Partial<RequestParts> = {}) =>
  buildRequest({ method: 'POST', baseUrl: 'https://api.example', path: '/token', ...parts });

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

  it('should write a JSON body', () => {
    const request = build({ body: { encoding: 'json', fields: { a: 'ü"' } } });

    expect(request.headers['content-type']).toBe('application/json');
    expect(request.body).toBe('{"a":"ü\\""}');
  });

  it('should write a form body', () => {
    const request = build({ body: { encoding: 'form', fields: { a: 'x&y=z', b: 'ü +' } } });

    expect(request.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(Object.fromEntries(new URLSearchParams(request.body))).toEqual({ a: 'x&y=z', b: 'ü +' });
  });

  it('should write a multipart body whose parts no value can forge', async () => {
    const fields = { a: 'x\r\n--claviger-\r\nContent-Disposition: form-data; name="b"\r\n\r\nforged', b: 'ü' };
    const request = build({ body: { encoding: 'multipart', fields } });

    const read = await new Response(request.body, { headers: { ...request.headers } }).formData();

    expect(Object.fromEntries(read)).toEqual(fields);
    expect(build({ body: { encoding: 'multipart', fields } }).body).not.toBe(request.body);
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
      expect.objectContaining({ code: 'connection_misconfigured', message: expect.stringContaining('base_url') }),
    );
  });
});
