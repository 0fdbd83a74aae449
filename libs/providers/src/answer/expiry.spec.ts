import { describe, expect, it } from '@jest/globals';
import { type ExpiryForms, readExpiry, secondsOf } from './expiry.js';

const NOW = Date.UTC(2026, 10, 21);
const SECONDS = NOW / 1000;
const YEAR = 365 * 86_400;

const jwt = (claims: object): string =>
  [{ alg: 'HS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat('signature')
    .join('.');

const read = (expiresIn: unknown, token = 'opaque', expiresAt?: unknown, forms: ExpiryForms = {}) =>
  readExpiry({ expiresIn, expiresAt }, token, NOW, forms);

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

  it('should read milliseconds where they are meant', () => {
    expect(read('1800000', 'opaque', undefined, { expiresInUnit: 'milliseconds' })).toEqual({
      seconds: 1800,
      clamped: false,
    });
    expect(secondsOf('1500', { expiresInUnit: 'milliseconds' })).toBe(1.5);
  });

  it.each(['0', 0, ' 0 ', '0.0'])('should take %p for nothing where zero says nothing', (zero) => {
    const stated = typeof zero === 'number' ? String(zero) : zero;
    expect(read(stated, 'opaque', undefined, { zeroSaysNothing: true })).toEqual({ seconds: null, clamped: false });
    expect(read(undefined, 'opaque', stated, { zeroSaysNothing: true })).toEqual({ seconds: null, clamped: false });
    expect(read(stated, jwt({ iat: 1000, exp: 1900 }), undefined, { zeroSaysNothing: true })).toMatchObject({
      seconds: 900,
    });
  });

  it('should clamp a negative lifetime also where zero says nothing', () => {
    expect(read('-1', 'opaque', undefined, { zeroSaysNothing: true })).toEqual({ seconds: 60, clamped: true });
  });

  it.each([
    '2026-11-21T00:10:00Z',
    '2026-11-21T00:10:00.000z',
    '2026-11-21 00:10:00',
    '2026-11-21T00:10:00',
    '2026-11-21T05:40:00+05:30',
    '2026-11-20T16:10:00-0800',
  ])('should read the moment %p', (moment) => {
    expect(read(undefined, 'opaque', moment, { expiresAtFormat: 'iso' })).toEqual({ seconds: 600, clamped: false });
  });

  it.each(['tomorrow', '2026-11-21', '2026-13-41T00:00:00Z', '1790000000', ''])(
    'should clamp the moment %p',
    (moment) => {
      expect(read(undefined, 'opaque', moment, { expiresAtFormat: 'iso' })).toEqual({ seconds: 60, clamped: true });
    },
  );

  it('should read epoch milliseconds where they are meant', () => {
    expect(read(undefined, 'opaque', String(NOW + 600_000), { expiresAtFormat: 'epoch_ms' })).toEqual({
      seconds: 600,
      clamped: false,
    });
    expect(read(undefined, 'opaque', null, { expiresAtFormat: 'epoch_ms' })).toMatchObject({ seconds: null });
    expect(read(undefined, 'opaque', null, { expiresAtFormat: 'iso' })).toMatchObject({ seconds: null });
  });

  it('should fall back to a stated moment', () => {
    expect(read(undefined, 'opaque', String(SECONDS + 1000.342885))).toEqual({ seconds: 1000, clamped: false });
    expect(read(undefined, 'opaque', 'tomorrow')).toEqual({ seconds: 60, clamped: true });
  });
});
