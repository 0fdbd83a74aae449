import { describe, expect, it } from '@jest/globals';
import { toSecrets } from '@app/common';
import { KlaviProvider } from './klavi/klavi.provider.js';
import { KlearstackProvider } from './klearstack/klearstack.provider.js';
import { MonetateProvider } from './monetate/monetate.provider.js';
import { OnmetaProvider } from './onmeta/onmeta.provider.js';
import type { Provider } from './provider.js';
import { checkChanges, checkComplete, checkFields, type LevelInput } from './validation.js';

const NAMES = { settings: 'settings', secrets: 'credential' };
const onmeta = new OnmetaProvider();
const monetate = new MonetateProvider();

const check = (input: LevelInput, provider: Provider = onmeta) => checkFields(provider, input, NAMES);

const change = (input: LevelInput) => checkChanges(onmeta, input, NAMES);

const missing = (provider: Provider, secrets: Record<string, string>, settings: Record<string, unknown> = {}) =>
  checkComplete(provider, { settings, secrets: toSecrets(secrets) }, NAMES).map(({ field }) => field);

describe(checkFields.name, () => {
  it('should find nothing wrong with fields of either level', () => {
    expect(check({ settings: { environment: 'staging' }, secrets: { api_key: 'k', refresh_token: 'r' } })).toEqual([]);
    expect(check({ settings: {}, secrets: {} })).toEqual([]);
    expect(check({})).toEqual([]);
  });

  it.each<[string, LevelInput, string, string]>([
    [
      'a wrong word',
      { settings: { environment: 'test' } },
      'settings.environment',
      'must be one of: production, staging',
    ],
    ['a number', { settings: { base_url: 1 } }, 'settings.base_url', 'must be a text'],
    ['an unknown setting', { settings: { host: 'x' } }, 'settings.host', 'is not a field of the type "onmeta"'],
    ['a misplaced secret', { settings: { api_key: 'x' } }, 'settings.api_key', 'belongs under "credential"'],
    ['a misplaced setting', { secrets: { base_url: 'x' } }, 'credential.base_url', 'belongs under "settings"'],
    ['an empty secret', { secrets: { api_key: '' } }, 'credential.api_key', 'must not be empty'],
    [
      'a line break',
      { secrets: { api_key: 'key\n' } },
      'credential.api_key',
      'must consist of visible ASCII characters, without spaces and line breaks',
    ],
    [
      'a huge secret',
      { secrets: { api_key: 'k'.repeat(16_385) } },
      'credential.api_key',
      'must be at most 16384 characters long',
    ],
    ['no e-mail address', { secrets: { email: 'someone' } }, 'credential.email', 'must be an e-mail address'],
    ['a group that is no object', { secrets: [] }, 'credential', 'must be an object'],
    [
      '__proto__',
      { settings: JSON.parse('{"__proto__":{"x":1}}') },
      'settings.__proto__',
      'is not a field of the type "onmeta"',
    ],
    ['null', { secrets: { api_key: null } }, 'credential.api_key', 'must be a text'],
  ])('should refuse %s by name', (_what, input, field, message) => {
    expect(check(input)).toContainEqual({ field, message });
  });

  it('should name every fault at once, by the names of the level', () => {
    const errors = checkFields(
      onmeta,
      { settings: { a: 1, b: 2 }, secrets: { api_key: '' } },
      { settings: 's', secrets: 'secrets' },
    );

    expect(errors.map(({ field }) => field)).toEqual(expect.arrayContaining(['s.a', 's.b', 'secrets.api_key']));
  });

  it.each([
    'api.example',
    '/v1',
    'ftp://api.example',
    'https://',
    'https://user@api.example',
    'https://user:pass@api.example',
    'https://api.example?x=1',
    'https://api.example/#top',
    'https://api.example\\@127.0.0.1',
    'https://api example',
    'javascript:alert(1)',
  ])('should refuse the base URL %s', (base_url) => {
    expect(check({ settings: { base_url } })).toEqual([
      { field: 'settings.base_url', message: 'must be an absolute http or https URL without user, query and fragment' },
    ]);
  });

  it.each(['https://api.example', 'http://127.0.0.1:3900/onmeta/', 'https://[2606:4700::1]/a'])(
    'should accept the base URL %s',
    (base_url) => {
      expect(check({ settings: { base_url } })).toEqual([]);
    },
  );

  it.each([
    [600, 'must be at least 900'],
    [43_201, 'must be at most 43200'],
    ['3600', 'must be a whole number'],
    [3600.5, 'must be a whole number'],
  ])('should refuse %p as a lifetime', (ttl_seconds, message) => {
    expect(check({ settings: { ttl_seconds } }, monetate)).toEqual([{ field: 'settings.ttl_seconds', message }]);
  });

  it('should never repeat a refused secret', () => {
    const errors = check({ secrets: { api_key: 'canary\n', refresh_token: 'canary canary', email: 'canary' } });

    expect(errors).toHaveLength(3);
    expect(JSON.stringify(errors)).not.toContain('canary');
  });
});

describe(checkChanges.name, () => {
  it('should let null remove any field of its group, one that every type has among them', () => {
    expect(change({ settings: { environment: null, ca_certificates: null }, secrets: { api_key: null } })).toEqual([]);
    expect(change({})).toEqual([]);
  });

  it.each<[string, LevelInput, string, string]>([
    [
      'an unknown setting',
      { settings: { base_uri: null } },
      'settings.base_uri',
      'is not a field of the type "onmeta"',
    ],
    [
      'an unknown secret',
      { secrets: { acces_key: null } },
      'credential.acces_key',
      'is not a field of the type "onmeta"',
    ],
    ['a misplaced secret', { settings: { api_key: null } }, 'settings.api_key', 'belongs under "credential"'],
    ['a misplaced setting', { secrets: { base_url: null } }, 'credential.base_url', 'belongs under "settings"'],
    ['a malformed value', { secrets: { api_key: '' } }, 'credential.api_key', 'must not be empty'],
    ['a group that is no object', { settings: [null] }, 'settings', 'must be an object'],
  ])('should refuse %s that is sent as null', (_what, input, field, message) => {
    expect(change(input)).toContainEqual({ field, message });
  });
});

describe(checkComplete.name, () => {
  it('should name what is missing at both levels together', () => {
    expect(missing(onmeta, {})).toEqual(['credential.api_key', 'credential.refresh_token']);
    expect(missing(monetate, {})).toEqual(['settings.username', 'credential.private_key']);
    expect(missing(onmeta, { api_key: 'k', refresh_token: 'r' })).toEqual([]);
  });

  it('should not ask for what a log-in brings', () => {
    expect(missing(onmeta, { api_key: 'k', email: 'a@b.c' })).toEqual([]);
    expect(missing(new KlaviProvider(), { access_key: 'k', secret_key: 's' })).toEqual([]);
    expect(missing(new KlaviProvider(), { access_key: 'k' })).toEqual(['credential.access_token']);
  });

  it('should ask for the host of a type without a default one', () => {
    expect(missing(new KlearstackProvider(), { username: 'u', password: 'p' })).toContain('settings.base_url');
  });
});
