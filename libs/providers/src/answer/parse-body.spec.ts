import { describe, expect, it } from '@jest/globals';
import { lookUp } from './json.js';
import { parseBody } from './parse-body.js';

const parse = (body: string, formEncoded = true, contentType = '') =>
  parseBody({ status: 200, contentType, retryAfter: undefined, body }, { accessToken: 'access_token', formEncoded });

describe(parseBody.name, () => {
  it.each(['application/x-www-form-urlencoded', 'text/plain', 'application/json', ''])(
    'should read a form that claims to be %p',
    (contentType) => {
      expect(parse('access_token=gho_1&scope=&expires_in=28800&token_type=b%20x', true, contentType)).toEqual({
        access_token: 'gho_1',
        scope: '',
        expires_in: '28800',
        token_type: 'b x',
      });
    },
  );

  it.each(['application/json', 'application/x-www-form-urlencoded'])(
    'should read JSON that claims to be %p',
    (type) => {
      expect(parse('{"access_token":"a=b&c=d"}', true, type)).toEqual({ access_token: 'a=b&c=d' });
    },
  );

  it('should keep an equals sign that was not encoded', () => {
    expect(parse('access_token=abc==&x=1')).toEqual({ access_token: 'abc==', x: '1' });
  });

  it.each(['', 'gateway', '<p class=x>', '{"access_token":"a', 'an error=happened here', '["a=b"]', 'a=b&c'])(
    'should take %p for no form',
    (body) => {
      expect(parse(body)).toBeUndefined();
    },
  );

  it('should read a form only where one may come', () => {
    expect(parse('access_token=a', false)).toBeUndefined();
  });

  it('should treat __proto__ as a name like any other', () => {
    expect(lookUp(parse('__proto__=x&a=b') ?? {}, 'a')).toBe('b');
    expect(Object.getPrototypeOf(parse('__proto__=x') ?? {})).toBe(Object.prototype);
  });
});
