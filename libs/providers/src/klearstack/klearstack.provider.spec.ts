import { describe, expect, it } from '@jest/globals';
import { revealAll, toSecrets } from '@app/common';
import { KlearstackProvider } from './klearstack.provider.js';

const SETTINGS = { base_url: 'https://acme.klearstackapp.com/', company_name: 'Acme & Sons' };
const SECRETS = { refresh_token: 'r1', access_token: 'a1', username: 'jane', password: 'p+w' };

const sut = new KlearstackProvider();
const credential = (settings: Record<string, unknown> = {}) => ({
  settings: { ...SETTINGS, ...settings },
  secrets: toSecrets(SECRETS),
});
const read = (body: string, status = 200) =>
  sut.read('refresh', { status, contentType: '', retryAfter: undefined, body }, credential(), 0);

describe(KlearstackProvider.name, () => {
  it('should send the refresh token in the body and the live access token as bearer', () => {
    const request = sut.request('refresh', credential());

    expect(request).toMatchObject({
      method: 'POST',
      url: 'https://acme.klearstackapp.com/access/klearstack/getaccesstokenfromrefreshtoken',
      headers: { authorization: 'Bearer a1', 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(Object.fromEntries(new URLSearchParams(request.body))).toEqual({
      refresh_token: 'r1',
      company_name: 'Acme & Sons',
    });
  });

  it('should write multipart where that is configured', () => {
    const request = sut.request('refresh', credential({ encoding: 'multipart' }));

    expect(request.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(request.body).toContain('name="company_name"\r\n\r\nAcme & Sons\r\n');
  });

  it('should log in without a bearer', () => {
    const request = sut.request('relogin', credential());

    expect(request.url).toBe('https://acme.klearstackapp.com/access/klearstack/get_access_token');
    expect(request.headers['authorization']).toBeUndefined();
    expect(Object.fromEntries(new URLSearchParams(request.body))).toEqual({
      username: 'jane',
      password: 'p+w',
      company_name: 'Acme & Sons',
    });
  });

  it('should need the host of the customer', () => {
    expect(() => sut.request('refresh', { settings: { company_name: 'c' }, secrets: toSecrets(SECRETS) })).toThrow(
      expect.objectContaining({
        code: 'connection_misconfigured',
        message: 'The field "base_url" is missing: store it.',
      }),
    );
  });

  it('should make the new access token the next co-credential', () => {
    const outcome = read('{"access_token":"a2","release_version":"7.8.9"}');

    expect(outcome).toMatchObject({ kind: 'ok', grant: { tokenType: 'Bearer', expiresInSeconds: null } });
    expect(outcome.kind === 'ok' && revealAll(outcome.grant.credential)).toEqual({ access_token: 'a2' });
  });

  it('should adopt both tokens of a log-in', () => {
    const outcome = read('{"refresh_token":"r2","access_token":"a2","release_version":"7.8.9"}');

    expect(outcome.kind === 'ok' && revealAll(outcome.grant.credential)).toEqual({
      access_token: 'a2',
      refresh_token: 'r2',
    });
  });

  it('should call a missing parameter a mistake of ours, never an outage', () => {
    expect(read('{"error":"Company Name"}', 500)).toEqual({
      kind: 'misconfigured',
      status: 500,
      reason: 'missing_parameter',
      parameter: 'company_name',
    });
    expect(read('{"error":"internal"}', 500)).toEqual({ kind: 'unknown', status: 500, reason: 'server_error' });
    expect(read('{"error":"refresh_token"}', 503)).toEqual({ kind: 'unknown', status: 503, reason: 'server_error' });
  });
});
