import { describe, expect, it } from '@jest/globals';
import { readExpiry } from './expiry.js';

const NOW = Date.UTC(2026, 10, 21);
const SECONDS = NOW / 1000;
const YEAR = 365 * 86_400;

const jwt = (claims: object): string =>
  [{ alg: 'HS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat('signature')
    .join('.');

const read = (expiresIn: unknown, token = 'opaque', expiresAt?: unknown) =>
  readExpiry({ expiresIn, expiresAt }, token, NOW);

describe(readExpiry.name, () => {
  it.each(['3600', ' 3600', '3600.9'])('should read %p as seconds', (stated) => {
    expect(read(stated)).toEqual({ seconds: 3600, clamped: false });
  });

  it.each(['0', '-1', '0.4', 'soon', '', true, {}])('should clamp %p to a minute', (stated) => {
    expect(read(stated)).toEqual({ seconds: 60, clamped: true });
  });

  it.each(['1e12', '1e999', String(YEAR + 1)])('should clamp %p to a year', (stated) => {
    expect(read(stated)).toEqual({ seconds: YEAR, clamped: true });
  });

  it('should say nothing where nothing is stated and the token is no JWT', () => {
    expect(read(undefined)).toEqual({ seconds: null, clamped: false });
    expect(read(null, 'a.b.c')).toEqual({ seconds: null, clamped: false });
  });

  it("should take a JWT's own life where nothing is stated, whatever our clock says", () => {
    expect(read(undefined, jwt({ iat: 1000, exp: 1900 }))).toEqual({ seconds: 900, clamped: false });
  });

  it("should take the time that is left of a JWT without 'iat'", () => {
    expect(read(undefined, jwt({ exp: SECONDS + 120.5 }))).toEqual({ seconds: 120, clamped: false });
    expect(read(undefined, jwt({ exp: SECONDS - 5 }))).toEqual({ seconds: 60, clamped: true });
  });

  it("should cap what is stated by the JWT's own life", () => {
    expect(read('3600', jwt({ iat: 1000, exp: 1900 }))).toEqual({ seconds: 900, clamped: false });
    expect(read('600', jwt({ iat: 1000, exp: 1900 }))).toEqual({ seconds: 600, clamped: false });
    expect(read('1e12', jwt({ iat: 1000, exp: 1900 }))).toEqual({ seconds: 900, clamped: true });
  });

  it.each([{}, { iat: 2000, exp: 1000 }, { iat: 1000, exp: 'never' }, { iat: 1000 }])(
    'should not be capped by a JWT of %j',
    (claims) => {
      expect(read('3600', jwt(claims))).toEqual({ seconds: 3600, clamped: false });
    },
  );

  it('should fall back to a stated moment', () => {
    expect(read(undefined, 'opaque', String(SECONDS + 1000.342885))).toEqual({ seconds: 1000, clamped: false });
    expect(read(undefined, 'opaque', 'tomorrow')).toEqual({ seconds: 60, clamped: true });
  });
});
