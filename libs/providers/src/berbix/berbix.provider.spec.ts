import { describe, expect, it } from '@jest/globals';
import { revealAll, toSecrets } from '@app/common';
import { BerbixProvider } from './berbix.provider.js';

const sut = new BerbixProvider();
const credential = { settings: {}, secrets: toSecrets({ api_secret: 'secret_test_x', refresh_token: 'r1' }) };
const read = (body: string, status = 200) =>
  sut.read('refresh', { status, contentType: '', retryAfter: undefined, body }, credential, 0);

describe(BerbixProvider.name, () => {
  it('should send the grant as JSON with the secret as user and no password', () => {
    const request = sut.request('refresh', credential);

    expect(request).toMatchObject({
      method: 'POST',
      url: 'https://api.berbix.com/v0/tokens',
      headers: {
        authorization: `Basic ${Buffer.from('secret_test_x:').toString('base64')}`,
        'content-type': 'application/json',
      },
    });
    expect(JSON.parse(request.body ?? '')).toEqual({ grant_type: 'refresh_token', refresh_token: 'r1' });
  });

  it('should keep the refresh token and hand out the client token and the exact transaction', () => {
    const outcome = read(
      '{"entity":"tokens","transaction_id":9007199254740993,"access_token":"a1","client_token":"c1","expires_in":3600,"token_type":"Bearer"}',
    );

    expect(outcome).toMatchObject({
      kind: 'ok',
      grant: {
        tokenType: 'Bearer',
        expiresInSeconds: 3600,
        credential: {},
        extra: { client_token: 'c1', transaction_id: '9007199254740993' },
      },
    });
  });

  it('should adopt a refresh token that does come back', () => {
    const outcome = read('{"access_token":"a1","refresh_token":"r2"}');

    expect(outcome.kind === 'ok' && revealAll(outcome.grant.credential)).toEqual({ refresh_token: 'r2' });
  });

  it('should tell a bad API secret from a dead refresh token', () => {
    expect(read('{"status":401,"message":"invalid API secret"}', 401)).toEqual({
      kind: 'misconfigured',
      status: 401,
      reason: 'invalid_client',
    });
    expect(read('{"status":401,"message":"invalid refresh token"}', 401)).toEqual({
      kind: 'rejected',
      status: 401,
      reason: 'unauthorized',
    });
    expect(read('not JSON', 401)).toMatchObject({ kind: 'rejected' });
  });

  it('should have no log-in', () => {
    expect(() => sut.request('relogin', credential)).toThrow('cannot log in again');
  });
});
