import { describe, expect, it } from '@jest/globals';
import { BerbixProvider } from './berbix/berbix.provider.js';
import { KlearstackProvider } from './klearstack/klearstack.provider.js';
import { KlaviProvider } from './klavi/klavi.provider.js';
import { OAuth2Provider } from './oauth2/oauth2.provider.js';
import { OnmetaProvider } from './onmeta/onmeta.provider.js';
import type { Provider } from './provider.js';
import { canRefresh, canRelogin, type Configured, lapsesWithToken, nextStep } from './steps.js';

const onmeta = new OnmetaProvider();
const klavi = new KlaviProvider();

const having = (secrets: Record<string, string>, settings: Record<string, string> = {}): Configured => ({
  fields: new Set(Object.keys({ ...secrets, ...settings })),
  settings,
});

describe(canRefresh.name, () => {
  it('should need what a refresh is made with', () => {
    expect(canRefresh(onmeta, having({ api_key: 'k', refresh_token: 'r' }))).toBe(true);
    expect(canRefresh(onmeta, having({ api_key: 'k', email: 'a@b.c' }))).toBe(false);
    expect(canRefresh(onmeta, having({ refresh_token: 'r' }))).toBe(false);
  });
});

describe('a type whose needs depend on its settings', () => {
  const sut = new OAuth2Provider(new Map());
  const own = { token_url: 'https://a.example/token', client_id: 'c', client_secret: 's' };

  it('should refresh without a refresh token where the grant needs none', () => {
    expect(canRefresh(sut, having(own, { grant: 'client_credentials' }))).toBe(true);
    expect(canRefresh(sut, having(own))).toBe(false);
    expect(canRefresh(sut, having({ ...own, refresh_token: 'r' }))).toBe(true);
  });

  it('should still try a rolling token that has lapsed', () => {
    const rolling = { ...having({ ...own, access_token: 'a' }), settings: { rolling: true } };

    expect(nextStep(sut, rolling, { tokenLives: false, rejected: false })).toBe('refresh');
    expect(nextStep(sut, rolling, { tokenLives: true, rejected: true })).toBeUndefined();
  });
});

describe(lapsesWithToken.name, () => {
  it('should be so of a rolling token that no log-in wins back', () => {
    expect(lapsesWithToken(klavi, having({ access_token: 't' }))).toBe(true);
    expect(lapsesWithToken(klavi, having({ access_token: 't', access_key: 'k', secret_key: 's' }))).toBe(false);
    expect(lapsesWithToken(onmeta, having({ api_key: 'k', refresh_token: 'r' }))).toBe(false);
  });
});

describe(canRelogin.name, () => {
  it('should need a whole set of fields', () => {
    expect(canRelogin(klavi, having({ access_key: 'k', secret_key: 's' }))).toBe(true);
    expect(canRelogin(klavi, having({ access_key: 'k', access_token: 't' }))).toBe(false);
  });

  it('should need the fields that every request is made with', () => {
    const login = { username: 'u', password: 'p' };
    const sut = new KlearstackProvider();

    expect(canRelogin(sut, having(login, { base_url: 'https://k.example', company_name: 'c' }))).toBe(true);
    expect(canRelogin(sut, having(login, { base_url: 'https://k.example' }))).toBe(false);
  });

  it('should be impossible where the type has no log-in', () => {
    expect(canRelogin(new BerbixProvider(), having({ api_secret: 's', refresh_token: 'r' }))).toBe(false);
  });
});

describe(nextStep.name, () => {
  const keys = { access_key: 'k', secret_key: 's' };
  const alive = { tokenLives: true, rejected: false };
  const lapsed = { tokenLives: false, rejected: false };
  const refused = { tokenLives: true, rejected: true };

  it.each<[string, Provider, Record<string, string>, typeof alive, string | undefined]>([
    ['refresh while the rolling token lives', klavi, { access_token: 't', ...keys }, alive, 'refresh'],
    ['log in where the rolling token has lapsed', klavi, { access_token: 't', ...keys }, lapsed, 'relogin'],
    ['try a lapsed token that nothing can win back', klavi, { access_token: 't' }, lapsed, 'refresh'],
    ['log in where there is no token yet', klavi, keys, alive, 'relogin'],
    [
      'log in where the credential was refused',
      onmeta,
      { api_key: 'k', refresh_token: 'r', email: 'a@b.c' },
      refused,
      'relogin',
    ],
    [
      'not be taken where the credential was refused for good',
      onmeta,
      { api_key: 'k', refresh_token: 'r' },
      refused,
      undefined,
    ],
    [
      'refresh where a static token is used after the access token lapsed',
      onmeta,
      { api_key: 'k', refresh_token: 'r', email: 'a@b.c' },
      lapsed,
      'refresh',
    ],
    ['not be taken without any credential', onmeta, { api_key: 'k' }, alive, undefined],
  ])('should %s', (_what, provider, secrets, facts, step) => {
    expect(nextStep(provider, having(secrets), facts)).toBe(step);
  });
});
