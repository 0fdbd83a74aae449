import { describe, expect, it } from '@jest/globals';
import type { Settings } from '../provider.js';
import { introspectionRequest, readIntrospection } from './introspection.js';
import { settingsInForce } from './settings.js';
import { newAnswer, newCredential } from './testing/new-oauth2.js';

const SETTINGS = { introspection_url: 'https://{region}.example/introspect', url_parameters: { region: 'eu' } };

const ask = (settings: Settings = {}) => {
  const credential = newCredential({ ...SETTINGS, ...settings });
  return introspectionRequest(settingsInForce(credential.settings, new Map()), credential, 0);
};
const read = (body: unknown, status = 200, retryAfter?: string) =>
  readIntrospection(newAnswer(body, status, { retryAfter }), settingsInForce({}, new Map()), 0);

describe(introspectionRequest.name, () => {
  it('should ask about the refresh token, as the same client', async () => {
    expect(await ask()).toEqual({
      method: 'POST',
      url: 'https://eu.example/introspect',
      headers: expect.objectContaining({
        authorization: `Basic ${Buffer.from('client:secret').toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      }),
      body: 'token=r1&token_type_hint=refresh_token',
    });
  });

  it('should be a form whatever the token endpoint wants, without its parameters', async () => {
    const settings = { method: 'GET', encoding: 'query', client_auth: 'body', parameters: { x: 'y' }, scope: 's' };

    const { method, url, body } = await ask({ ...settings, headers: { 'X-Version': '2' } });

    expect([method, url]).toEqual(['POST', 'https://eu.example/introspect']);
    expect(body).toBe('token=r1&token_type_hint=refresh_token&client_id=client&client_secret=secret');
  });

  it('should refuse where no endpoint is configured', async () => {
    await expect(ask({ introspection_url: undefined })).rejects.toMatchObject({ code: 'connection_misconfigured' });
  });
});

describe(readIntrospection.name, () => {
  it.each([
    [true, 'unused'],
    [false, 'used'],
  ])('should read active %p as %s', (active, verdict) => {
    expect(read({ active, exp: 1 })).toEqual({ kind: 'ok', status: 200, verdict });
  });

  it.each<[string, unknown, number, string, string]>([
    ['no word of it', {}, 200, 'unknown', 'no_token'],
    ['a text', { active: 'false' }, 200, 'unknown', 'no_token'],
    ['a page', '<html>', 200, 'unknown', 'unreadable_answer'],
    ['a form', 'active=false', 200, 'unknown', 'unreadable_answer'],
    ['a refused client', { error: 'invalid_client' }, 401, 'misconfigured', 'invalid_client'],
    ['a bare 401', '', 401, 'misconfigured', 'invalid_client'],
    ['an outage', { active: false }, 503, 'unknown', 'server_error'],
  ])('should take %s for no verdict', (_what, body, status, kind, reason) => {
    expect({ ...read(body, status), individual: undefined }).toEqual({ kind, status, reason });
  });

  it('should respect how long it is to wait', () => {
    expect(read({}, 429, '7')).toEqual({ kind: 'not_sent', status: 429, reason: 'rate_limited', retryAfterSeconds: 7 });
  });
});
