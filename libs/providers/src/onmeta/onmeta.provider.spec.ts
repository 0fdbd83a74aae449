import { describe, expect, it } from '@jest/globals';
import { toSecrets } from '@app/common';
import type { GrantStep } from '../provider.js';
import { OnmetaProvider } from './onmeta.provider.js';

const SECRETS = { api_key: 'key', refresh_token: 'r1', email: 'jane@example.com' };

const sut = new OnmetaProvider();
const credential = (settings: Record<string, unknown> = {}) => ({ settings, secrets: toSecrets(SECRETS) });
const read = (step: GrantStep, body: object, status = 200) =>
  sut.read(step, { status, contentType: '', retryAfter: undefined, body: JSON.stringify(body) }, credential(), 0);

describe(OnmetaProvider.name, () => {
  it('should send the refresh token as bearer beside the API key', () => {
    expect(sut.request('refresh', credential())).toEqual({
      method: 'GET',
      url: 'https://api.platform.onmeta.in/v1/users/refresh-token',
      headers: expect.objectContaining({ 'x-api-key': 'key', authorization: 'Bearer r1', accept: 'application/json' }),
    });
  });

  it('should log in with the e-mail address and the API key alone', () => {
    const request = sut.request('relogin', credential({ environment: 'staging' }));

    expect(request).toMatchObject({ method: 'POST', url: 'https://stg.api.onmeta.in/v1/users/login' });
    expect(request.headers['x-api-key']).toBe('key');
    expect(request.headers['authorization']).toBeUndefined();
    expect(request.body).toBe('{"email":"jane@example.com"}');
  });

  it('should prefer base_url to the environment', () => {
    const request = sut.request(
      'refresh',
      credential({ environment: 'staging', base_url: 'http://127.0.0.1:3900/onmeta' }),
    );

    expect(request.url).toBe('http://127.0.0.1:3900/onmeta/v1/users/refresh-token');
  });

  it('should keep the refresh token where none comes back and adopt one that does', () => {
    const kept = read('refresh', { success: true, data: { accessToken: 'a1' }, error: {} });
    const replaced = read('refresh', { success: true, data: { accessToken: 'a1', refreshToken: 'r2' }, error: {} });

    expect(kept).toMatchObject({ kind: 'ok', grant: { tokenType: 'Bearer', expiresInSeconds: null, credential: {} } });
    expect(replaced.kind === 'ok' && replaced.grant.credential['refresh_token']?.reveal()).toBe('r2');
  });

  it('should take a 401 for a dead token on refresh and for a bad key on log-in', () => {
    const body = { success: false, error: { code: 401, message: 'unauthorized to access' } };

    expect(read('refresh', body, 401)).toEqual({ kind: 'rejected', status: 401, reason: 'unauthorized' });
    expect(read('relogin', body, 401)).toEqual({ kind: 'misconfigured', status: 401, reason: 'invalid_client' });
  });

  it.each([
    [401, 'rejected', 'unauthorized'],
    [429, 'not_sent', 'rate_limited'],
    [500, 'unknown', 'server_error'],
    ['401', 'rejected', 'unauthorized'],
    [200, 'unknown', 'no_token'],
    [undefined, 'unknown', 'no_token'],
  ])('should read failure %p that rides on HTTP 200 as %s', (code, kind, reason) => {
    const body = { success: false, data: { accessToken: 'a1' }, error: { code } };

    expect(read('refresh', body)).toEqual({ kind, status: 200, reason });
  });
});
