import { describe, expect, it } from '@jest/globals';
import { revealAll, toSecrets } from '@app/common';
import type { GrantStep } from '../provider.js';
import { KlaviProvider } from './klavi.provider.js';

const SECRETS = { access_token: 'a1', access_key: 'k', secret_key: 's' };

const sut = new KlaviProvider();
const credential = (settings: Record<string, unknown> = {}) => ({ settings, secrets: toSecrets(SECRETS) });
const read = (step: GrantStep, body: string, status = 200) =>
  sut.read(step, { status, contentType: '', retryAfter: undefined, body }, credential(), 0);

describe(KlaviProvider.name, () => {
  it.each([
    [{}, 'https://api.klavi.ai/monitor/v1/refresh'],
    [{ environment: 'sandbox' }, 'https://api-sandbox.klavi.ai/monitor/v1/refresh'],
    [{ product: 'data' }, 'https://api.klavi.ai/data/v1/refresh'],
    [
      { base_url: 'http://127.0.0.1:3900/klavi', environment: 'sandbox' },
      'http://127.0.0.1:3900/klavi/monitor/v1/refresh',
    ],
  ])('should renew the token with itself at the host of %j', (settings, url) => {
    expect(sut.request('refresh', credential(settings))).toMatchObject({
      method: 'GET',
      url,
      headers: { authorization: 'Bearer a1' },
    });
  });

  it('should log in with the keys', () => {
    const request = sut.request('relogin', credential());

    expect(request).toMatchObject({ method: 'POST', url: 'https://api.klavi.ai/monitor/v1/auth' });
    expect(request.headers['authorization']).toBeUndefined();
    expect(request.body).toBe('{"accessKey":"k","secretKey":"s"}');
  });

  it.each(['1800', '"1800"'])('should make the new token the next credential and read expireIn %s', (expireIn) => {
    const outcome = read('refresh', `{"accessToken":"a2","expireIn":${expireIn}}`);

    expect(outcome).toMatchObject({ kind: 'ok', grant: { expiresInSeconds: 1800, expiryClamped: false } });
    expect(outcome.kind === 'ok' && revealAll(outcome.grant.credential)).toEqual({ access_token: 'a2' });
  });

  it.each<[GrantStep, number, string, string]>([
    ['refresh', 401, 'rejected', 'unauthorized'],
    ['relogin', 401, 'misconfigured', 'invalid_client'],
    ['refresh', 403, 'rejected', 'forbidden'],
    ['relogin', 403, 'rejected', 'forbidden'],
    ['refresh', 416, 'misconfigured', 'bad_request'],
    ['relogin', 416, 'misconfigured', 'bad_request'],
    ['refresh', 504, 'unknown', 'server_error'],
  ])('should read on %s %d as %s', (step, status, kind, reason) => {
    expect(read(step, `{"statusCode":${status}}`, status)).toEqual({ kind, status, reason });
  });
});
