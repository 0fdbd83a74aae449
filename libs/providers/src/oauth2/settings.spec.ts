import { describe, expect, it } from '@jest/globals';
import { settingsInForce, withPreset } from './settings.js';

const PRESETS = new Map([
  [
    'acme',
    {
      title: 'Acme',
      documentation: 'https://acme.example',
      settings: {
        token_url: 'https://{region}.acme.example/t',
        url_parameters: { region: 'eu' },
        paths: { access_token: 'data.token', error: 'code' },
        errors: [{ code: 'dead', reason: 'invalid_grant' }],
        rotation: 'static',
      },
    },
  ],
]);

describe(withPreset.name, () => {
  it('should put what is configured above the preset, objects name by name and lists as a whole', () => {
    const set = withPreset(
      { preset: 'acme', url_parameters: { shop: 's' }, paths: { error: 'err' }, errors: [], rotation: 'strict' },
      PRESETS,
    );

    expect(set).toEqual({
      preset: 'acme',
      token_url: 'https://{region}.acme.example/t',
      url_parameters: { region: 'eu', shop: 's' },
      paths: { access_token: 'data.token', error: 'err' },
      errors: [],
      rotation: 'strict',
    });
  });

  it.each(['none', '__proto__', undefined])('should change nothing for the preset %p', (preset) => {
    expect(withPreset({ preset, scope: 's' }, PRESETS)).toEqual({ preset, scope: 's' });
  });
});

describe(settingsInForce.name, () => {
  it('should mean the plain case of RFC 6749 where nothing is set', () => {
    expect(settingsInForce({}, new Map())).toMatchObject({
      grant: 'refresh_token',
      method: 'POST',
      encoding: 'form',
      client_auth: 'basic',
      credential_in: 'body',
      rotation: 'strict',
      rolling: false,
      paths: { access_token: 'access_token', refresh_token: 'refresh_token', expires_in: 'expires_in', error: 'error' },
      token_type: 'Bearer',
      default_ttl_seconds: 3600,
    });
  });

  it('should keep the paths that are not set', () => {
    expect(settingsInForce({ preset: 'acme' }, PRESETS).paths).toMatchObject({
      access_token: 'data.token',
      refresh_token: 'refresh_token',
      error: 'code',
    });
  });

  it('should mean the query for GET, and no client for a signed grant', () => {
    expect(settingsInForce({ method: 'GET' }, new Map()).encoding).toBe('query');
    expect(settingsInForce({ method: 'GET', encoding: 'none' }, new Map()).encoding).toBe('none');
    expect(settingsInForce({ grant: 'jwt_bearer' }, new Map()).client_auth).toBe('none');
    expect(settingsInForce({ grant: 'jwt_bearer', client_auth: 'body' }, new Map()).client_auth).toBe('body');
  });
});
