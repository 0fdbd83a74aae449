import { describe, expect, it } from '@jest/globals';
import { revealAll } from '@app/common';
import type { OutboundAnswer } from '../outbound/exchange.js';
import type { Settings } from '../provider.js';
import { OAuth2Provider } from './oauth2.provider.js';
import { newAnswer, newCredential } from './testing/new-oauth2.js';

const NOW = Date.UTC(2026, 10, 21);
const sut = new OAuth2Provider(new Map());
const read = (body: unknown, settings: Settings = {}, status = 200, rest: Partial<OutboundAnswer> = {}) =>
  sut.read('refresh', newAnswer(body, status, rest), newCredential(settings), NOW);
const grantOf = (body: unknown, settings: Settings = {}) => {
  const outcome = read(body, settings);
  return outcome.kind === 'ok' ? { ...outcome.grant, credential: revealAll(outcome.grant.credential) } : outcome;
};

describe(OAuth2Provider.name, () => {
  it('should read the answer of RFC 6749, section 5.1', () => {
    const body = { access_token: 'a1', token_type: 'bearer', expires_in: 3600, refresh_token: 'r2', scope: 's' };

    expect(grantOf(body)).toMatchObject({
      tokenType: 'Bearer',
      expiresInSeconds: 3600,
      expiryClamped: false,
      credential: { refresh_token: 'r2' },
      extra: {},
    });
  });

  it.each([{}, { refresh_token: null }, { refresh_token: '' }])(
    'should keep the refresh token where %j comes',
    (rest) => {
      expect(grantOf({ access_token: 'a1', ...rest })).toMatchObject({ credential: {} });
    },
  );

  it('should read quoted numbers, and no stated lifetime from zero', () => {
    const body = { access_token: 'a1', expires_in: '28800', refresh_token: 'r2', refresh_token_expires_in: '15897600' };

    expect(grantOf(body)).toMatchObject({ expiresInSeconds: 28_800, credentialExpiresInSeconds: 15_897_600 });
    expect(grantOf({ access_token: 'a1', expires_in: 0 })).toMatchObject({ expiresInSeconds: null });
    expect(grantOf({ access_token: 'a1' })).toMatchObject({ expiresInSeconds: null });
    expect(grantOf({ access_token: 'a1', expires_in: -5 })).toMatchObject({
      expiresInSeconds: 60,
      expiryClamped: true,
    });
  });

  it('should read an answer of another shape', () => {
    const settings = {
      paths: { access_token: 'data.token', refresh_token: 'data.refreshToken', expires_at: 'data.expiresAt' },
      expires_at_format: 'iso',
      extra: { api_domain: 'data.api' },
      token_type: 'Zoho-oauthtoken',
    };
    const data = { token: 'a1', refreshToken: 'r2', expiresAt: '2026-11-21T00:10:00Z', api: 'https://api.example' };

    expect(grantOf({ data }, settings)).toMatchObject({
      tokenType: 'Zoho-oauthtoken',
      expiresInSeconds: 600,
      credential: { refresh_token: 'r2' },
      extra: { api_domain: 'https://api.example' },
    });
  });

  it('should read milliseconds', () => {
    expect(grantOf({ access_token: 'a1', expires_in: 1_800_000 }, { expires_in_unit: 'milliseconds' })).toMatchObject({
      expiresInSeconds: 1800,
    });
  });

  it('should make a rolling token the next credential, and nothing of a grant without one', () => {
    const body = { access_token: 'a2', refresh_token: 'r2' };

    expect(grantOf(body, { rolling: true })).toMatchObject({ credential: { access_token: 'a2' } });
    expect(grantOf(body, { grant: 'client_credentials' })).toMatchObject({ credential: {} });
  });

  it('should read a form where a provider answers so', () => {
    const form = 'access_token=a1&expires_in=28800&refresh_token=r2&token_type=bearer';

    expect(grantOf(form)).toMatchObject({ expiresInSeconds: 28_800, credential: { refresh_token: 'r2' } });
    expect(
      read('error=bad_refresh_token&error_description=x', {
        errors: [{ code: 'bad_refresh_token', reason: 'invalid_grant' }],
      }),
    ).toEqual({ kind: 'rejected', status: 200, reason: 'invalid_grant' });
  });

  it('should not believe a 200 that says otherwise', () => {
    const slack = {
      success_when: { path: 'ok', equals: true },
      errors: [{ code: 'invalid_refresh_token', reason: 'invalid_grant' }],
    };

    expect(read({ ok: true, access_token: 'a1' }, slack)).toMatchObject({ kind: 'ok' });
    expect(read({ ok: false, error: 'invalid_refresh_token' }, slack)).toMatchObject({ kind: 'rejected' });
    expect(read({ ok: false, error: 'surprise' }, slack)).toMatchObject({ kind: 'unknown', reason: 'no_token' });
    expect(read({ access_token: 'a1' }, slack)).toMatchObject({ kind: 'unknown', reason: 'no_token' });
  });

  it.each([
    ['invalid_grant', 400, 'rejected', 'invalid_grant'],
    ['invalid_client', 401, 'misconfigured', 'invalid_client'],
    ['invalid_client', 400, 'misconfigured', 'invalid_client'],
    ['invalid_request', 400, 'misconfigured', 'bad_request'],
    ['unsupported_grant_type', 400, 'misconfigured', 'bad_request'],
    ['invalid_scope', 400, 'misconfigured', 'bad_request'],
    ['slow_down', 400, 'not_sent', 'rate_limited'],
    ['temporarily_unavailable', 400, 'unknown', 'server_error'],
    ['temporarily_unavailable', 503, 'unknown', 'server_error'],
    ['something_else', 400, 'misconfigured', 'bad_request'],
  ])('should read %s with %d as %s: %s', (error, status, kind, reason) => {
    expect(read({ error }, {}, status)).toEqual({ kind, status, reason });
  });

  it.each([
    ['unauthorized_client', 400],
    ['unauthorized_client', 403],
    ['something_else', 401],
    [undefined, 401],
  ])('should take %s with %d for a refusal of this account’s client, and of no other', (error, status) => {
    const refused = { kind: 'misconfigured', status, reason: 'invalid_client' };
    expect(read({ error }, {}, status)).toEqual({ ...refused, individual: true });
    const told = { errors: [{ status, ...(error !== undefined && { code: error }), reason: 'invalid_client' }] };
    expect(read({ error }, told, status)).toEqual(refused);
  });

  it('should let the configuration tell what an error means', () => {
    const errors = [
      { status: 403, code: 'invalid_grant', reason: 'invalid_grant' },
      { code: 'Access Denied', reason: 'rate_limited' },
      { status: 500, reason: 'missing_parameter' },
    ];

    expect(read({ error: 'invalid_grant' }, { errors }, 403)).toMatchObject({ kind: 'rejected' });
    expect(read({ error: 'Access Denied' }, { errors }, 400, { retryAfter: '600' })).toMatchObject({
      kind: 'not_sent',
      retryAfterSeconds: 600,
    });
    expect(read('oops', { errors }, 500)).toMatchObject({ kind: 'misconfigured', reason: 'missing_parameter' });
    expect(read('oops', { unprocessed_statuses: [503] }, 503)).toMatchObject({
      kind: 'not_sent',
      reason: 'unprocessed',
    });
  });

  it.each<[string, Settings, string]>([
    ['the client that proves itself', {}, 'invalid_client'],
    ['the token where no client proves itself', { client_auth: 'none' }, 'unauthorized'],
    ['the token that stands in the header', { client_auth: 'header', credential_in: 'header' }, 'unauthorized'],
  ])('should take a bare 401 for a refusal of %s', (_what, settings, reason) => {
    expect(read('', settings, 401)).toMatchObject({ status: 401, reason });
  });

  it('should salvage the new refresh token of an answer without a usable access token', () => {
    const outcome = read({ access_token: null, refresh_token: 'r2' });

    expect(outcome).toMatchObject({ kind: 'unknown', reason: 'no_token' });
    expect(outcome.kind === 'unknown' && revealAll(outcome.salvaged ?? {})).toEqual({ refresh_token: 'r2' });
  });

  it.each([
    '[]',
    '{"error":[]}',
    '{"error":{"code":1},"ok":[true]}',
    '{"access_token":{"x":1},"expires_in":{}}',
    '{"access_token":"","error":"__proto__"}',
    '{"access_token":["a"],"paths":null}',
    'error=%zz&access_token=%E0%A4%A',
    '\u0000',
  ])('should find no token in %j, and survive it', (body) => {
    const settings = {
      success_when: { path: 'ok.0', equals: true },
      paths: { error: 'error.code', expires_at: 'a.b' },
    };

    for (const status of [200, 400, 599]) {
      expect(['unknown', 'misconfigured']).toContain(read(body, {}, status).kind);
      expect(['unknown', 'misconfigured']).toContain(read(body, settings, status).kind);
    }
  });

  it('should have no log-in', async () => {
    await expect(sut.request('relogin', newCredential(), 0)).rejects.toMatchObject({
      code: 'connection_misconfigured',
    });
  });
});
