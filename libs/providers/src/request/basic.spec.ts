import { describe, expect, it } from '@jest/globals';
import { basicAuthorization, clientAuthorization } from './basic.js';

const decoded = (header: string): string => Buffer.from(header.replace(/^Basic /, ''), 'base64').toString();

describe(basicAuthorization.name, () => {
  it('should take user and password to the letter', () => {
    expect(basicAuthorization('Aladdin', 'open sesame')).toBe('Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==');
    expect(decoded(basicAuthorization('sk_+/=', ''))).toBe('sk_+/=:');
  });
});

describe(clientAuthorization.name, () => {
  it('should form-urlencode id and secret, so that a colon in the id ends nothing', () => {
    expect(decoded(clientAuthorization('id:1', 's e+c/r=ü'))).toBe('id%3A1:s+e%2Bc%2Fr%3D%C3%BC');
  });

  it('should leave alone what needs no encoding', () => {
    expect(decoded(clientAuthorization('s6BhdRkqt3', 'gX1fBat3bV'))).toBe('s6BhdRkqt3:gX1fBat3bV');
  });
});
