import { describe, expect, it } from '@jest/globals';
import type { Connection, Unsettled } from '@app/connections';
import type { Provider, ProviderField, Traits } from '@app/providers';
import { decide } from './recovery.js';
import { newConnection, newToken, newTokenless, NOW, TRAITS } from './testing/new-connection.js';

const ZOMBIE_MS = 90_000;
const STRICT: Traits = { ...TRAITS, rotation: 'strict' };
const GRACE: Traits = { ...TRAITS, rotation: 'grace', graceSeconds: 600 };
const ASKABLE: Traits = { ...STRICT, introspection: true };

const REFRESH = { kind: 'attempt', step: 'refresh' };
const INTROSPECT = { kind: 'attempt', step: 'introspect' };
const RELOGIN = { kind: 'attempt', step: 'relogin' };

const field = (name: string, required: ProviderField['required']): ProviderField => ({
  name,
  secret: true,
  usualLevel: 'connection',
  required,
  schema: { type: 'string', description: name },
});

/** A provider whose connections may log in again where they hold a password. */
const providerOf = (traits: Traits): Provider => ({
  type: 'oauth2',
  title: 'OAuth',
  documentation: 'https://example.com',
  defaultBaseUrl: null,
  fields: [field('refresh_token', 'unless_relogin'), field('password', false)],
  traits,
  hosts: () => [],
  request: () => {
    throw new Error('Nothing is sent here.');
  },
  read: () => {
    throw new Error('Nothing is read here.');
  },
});

const sent = (secondsAgo: number, more: Partial<Unsettled> = {}): Unsettled => ({
  firstSentAt: NOW - secondsAgo * 1000,
  lastSentAt: NOW - secondsAgo * 1000,
  unusedAt: null,
  askedInVainAt: null,
  ...more,
});

const decided = (traits: Traits, overrides: Partial<Connection>, fields = ['refresh_token']) => {
  const base = overrides.token === null ? newTokenless() : newConnection();
  const connection: Connection = { ...base, fields: new Set(fields), traits, ...overrides };
  return decide(connection, providerOf(traits), NOW, ZOMBIE_MS);
};

describe(decide.name, () => {
  it.each([TRAITS, GRACE, STRICT])('should refresh where nothing is unsettled ($rotation)', (traits) => {
    expect(decided(traits, {})).toEqual(REFRESH);
  });

  it.each([TRAITS, GRACE, STRICT])('should watch where somebody’s attempt is under way ($rotation)', (traits) => {
    expect(decided(traits, { leased: true, unsettled: sent(1) })).toEqual({ kind: 'watch' });
  });

  it('should repeat at once where a repeat is safe', () => {
    expect(decided(TRAITS, { unsettled: sent(1) })).toEqual(REFRESH);
  });

  it('should repeat within four fifths of the grace, counted from the first send', () => {
    expect(decided(GRACE, { unsettled: sent(479) })).toEqual(REFRESH);
    const late = sent(10, { firstSentAt: NOW - 481_000 });
    expect(decided(GRACE, { unsettled: late })).toEqual({ kind: 'wait', until: NOW - 10_000 + ZOMBIE_MS });
  });

  it('should rely on a short grace less, as clocks are set back, and on one of six seconds not at all', () => {
    expect(decided({ ...GRACE, graceSeconds: 20 }, { unsettled: sent(13) })).toEqual(REFRESH);
    expect(decided({ ...GRACE, graceSeconds: 20 }, { unsettled: sent(15) })).toMatchObject({ kind: 'wait' });
    expect(decided({ ...GRACE, graceSeconds: 6 }, { unsettled: sent(0) })).toMatchObject({ kind: 'wait' });
  });

  it('should wait while a first copy of the request may still be on its way, even where the token has died', () => {
    const wait = { kind: 'wait', until: NOW - 30_000 + ZOMBIE_MS };
    expect(decided(STRICT, { unsettled: sent(30) })).toEqual(wait);
    expect(decided(STRICT, { unsettled: sent(30), token: null })).toEqual(wait);
    expect(decided(ASKABLE, { unsettled: sent(30) })).toEqual(wait);
  });

  it('should serve the old token until it is worth little, and then try a last time', () => {
    const token = newToken({ expiresAt: NOW + 1_000_000, lifetimeSeconds: 3600 });
    expect(decided(STRICT, { unsettled: sent(100), token })).toEqual({
      kind: 'wait',
      until: NOW + 1_000_000 - 180_000,
    });
    const dying = newToken({ expiresAt: NOW + 179_000, lifetimeSeconds: 3600 });
    expect(decided(STRICT, { unsettled: sent(100), token: dying })).toEqual(REFRESH);
    expect(decided(STRICT, { unsettled: sent(100), token: null })).toEqual(REFRESH);
  });

  it('should leave a short token its last minute', () => {
    const token = newToken({ expiresAt: NOW + 61_000, lifetimeSeconds: 300 });
    expect(decided(STRICT, { unsettled: sent(100), token })).toEqual({ kind: 'wait', until: NOW + 1000 });
  });

  it('should ask where the provider can tell, and repeat only once it said that the credential is unused', () => {
    expect(decided(ASKABLE, { unsettled: sent(100) })).toEqual(INTROSPECT);
    expect(decided(ASKABLE, { unsettled: sent(100, { unusedAt: NOW - 1000 }) })).toEqual(REFRESH);
    const askedBeforeTheLastSend = sent(100, { unusedAt: NOW - 101_000 });
    expect(decided(ASKABLE, { unsettled: askedBeforeTheLastSend })).toEqual(INTROSPECT);
  });

  it('should try a last time without an answer where the provider was asked in vain', () => {
    const token = newToken({ expiresAt: NOW + 10_000 });
    expect(decided(ASKABLE, { unsettled: sent(100), token })).toEqual(INTROSPECT);
    expect(decided(ASKABLE, { unsettled: sent(100, { askedInVainAt: NOW - 1000 }), token })).toEqual(REFRESH);
  });

  it('should log in again where that is possible and the token is lost, and not before', () => {
    const traits = { ...STRICT, relogin: [['password']] };
    const fields = ['refresh_token', 'password'];
    const expired = newToken({ expiresAt: NOW - 1 });
    expect(decided(traits, { unsettled: sent(100), token: expired }, fields)).toEqual(RELOGIN);
    expect(decided(traits, { unsettled: sent(100) }, fields)).toMatchObject({ kind: 'wait' });
  });

  describe('after a restore', () => {
    const restored = { state: 'uncertain', trouble: { reason: 'database_restored', status: null } } as const;

    it.each([GRACE, STRICT])('should send nothing, whatever the token is worth ($rotation)', (traits) => {
      expect(decided(traits, restored)).toEqual({ kind: 'quarantined' });
      expect(decided(traits, { ...restored, token: null })).toEqual({ kind: 'quarantined' });
      expect(decided(traits, { ...restored, unsettled: sent(10_000) })).toEqual({ kind: 'quarantined' });
    });

    it('should ask a provider that can tell, and go on as usual where a repeat is safe', () => {
      expect(decided(ASKABLE, restored)).toEqual(INTROSPECT);
      expect(decided(TRAITS, restored)).toEqual(REFRESH);
    });
  });
});
