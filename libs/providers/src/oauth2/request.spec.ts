import { describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import type { Settings } from '../provider.js';
import { tokenRequest } from './request.js';
import { settingsInForce } from './settings.js';
import { newCredential, newKeys } from './testing/new-oauth2.js';

const BASIC = `Basic ${Buffer.from('client:secret').toString('base64')}`;

const request = (settings: Settings = {}, secrets: Record<string, string> = {}) => {
  const credential = newCredential(settings, secrets);
  return tokenRequest(settingsInForce(credential.settings, new Map()), credential, 0);
};
const formOf = async (settings: Settings = {}, secrets: Record<string, string> = {}) =>
  Object.fromEntries(new URLSearchParams((await request(settings, secrets)).body));

describe(tokenRequest.name, () => {
  it('should be the request of RFC 6749, section 6, in the plain case', async () => {
    expect(await request()).toEqual({
      method: 'POST',
      url: 'https://auth.example/oauth/token',
      headers: {
        accept: 'application/json',
        'user-agent': 'claviger',
        authorization: BASIC,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'grant_type=refresh_token&refresh_token=r1',
    });
  });

  it('should ask for a scope and send constants, in place of what is sent by itself', async () => {
    const parameters = { grant_type: null, type: 'refresh', expires_in: 1800, scope: 'all' };

    expect(await formOf({ scope: 'a b' })).toMatchObject({ scope: 'a b' });
    expect(await formOf({ scope: 'a b', parameters })).toEqual({
      type: 'refresh',
      expires_in: '1800',
      scope: 'all',
      refresh_token: 'r1',
    });
  });

  it('should write JSON with the headers that are configured', async () => {
    const { headers, body } = await request({
      encoding: 'json',
      client_auth: 'body',
      parameters: { ttl: 5 },
      headers: { 'Notion-Version': '2022-06-28', Accept: 'application/vnd.acme+json' },
    });

    expect(headers).toEqual({
      accept: 'application/vnd.acme+json',
      'user-agent': 'claviger',
      'content-type': 'application/json',
      'notion-version': '2022-06-28',
    });
    expect(JSON.parse(body ?? '')).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'r1',
      client_id: 'client',
      client_secret: 'secret',
      ttl: 5,
    });
  });

  it('should write a multipart body', async () => {
    const { headers, body } = await request({ encoding: 'multipart' });

    const read = await new Response(body, { headers: { ...headers } }).formData();

    expect(Object.fromEntries(read)).toEqual({ grant_type: 'refresh_token', refresh_token: 'r1' });
  });

  it('should write parameters into the query of a POST', async () => {
    const { method, url, body } = await request({ encoding: 'query', client_auth: 'body' });

    expect([method, body]).toEqual(['POST', undefined]);
    expect(Object.fromEntries(new URL(url).searchParams)).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'r1',
      client_id: 'client',
      client_secret: 'secret',
    });
  });

  it('should put the tenant into the URL and keep its flag', async () => {
    const settings = {
      token_url: 'https://{shop}.example/{tenant}/token?refresh',
      url_parameters: { shop: 'acme', tenant: 'common' },
    };

    expect(await request(settings)).toMatchObject({ url: 'https://acme.example/common/token?refresh' });
    await expect(request({ ...settings, url_parameters: {} })).rejects.toThrow('"token_url" is no URL');
  });

  it.each<[string, Settings, object]>([
    ['a parameter of its own name', { credential_name: 'token' }, { body: 'grant_type=refresh_token&token=r1' }],
    ['the query', { credential_in: 'query' }, { url: 'https://auth.example/oauth/token?refresh_token=r1' }],
    [
      'the Authorization header',
      { credential_in: 'header', client_auth: 'none' },
      { headers: expect.objectContaining({ authorization: 'Bearer r1' }) },
    ],
    [
      'the Authorization header with another scheme',
      { credential_in: 'header', credential_scheme: 'Token', client_auth: 'header' },
      { headers: expect.objectContaining({ authorization: 'Token r1', 'x-api-key': 'secret' }) },
    ],
    [
      'a header of its own',
      { credential_in: 'header', credential_name: 'X-Refresh-Token' },
      { headers: expect.objectContaining({ 'x-refresh-token': 'r1', authorization: BASIC }) },
    ],
  ])('should put the credential into %s', async (_what, settings, expected) => {
    const made = await request(settings);

    expect(made).toMatchObject(expected);
    expect(JSON.stringify(made).split('r1')).toHaveLength(2);
  });

  it('should send nothing but headers where nothing is encoded', async () => {
    const made = await request({ method: 'GET', encoding: 'none', credential_in: 'header', client_auth: 'header' });

    expect(made).toMatchObject({ method: 'GET', url: 'https://auth.example/oauth/token' });
    expect(made.body).toBeUndefined();
  });

  it('should renew a rolling token with itself, with the grant that is configured', async () => {
    const settings = { rolling: true, method: 'GET', client_auth: 'none', client_id: undefined };

    expect((await request(settings, { access_token: 'a1' })).url).toBe(
      'https://auth.example/oauth/token?access_token=a1',
    );
    expect(
      (await request({ ...settings, parameters: { grant_type: 'ig_refresh_token' } }, { access_token: 'a1' })).url,
    ).toBe('https://auth.example/oauth/token?access_token=a1&grant_type=ig_refresh_token');
  });

  it('should ask with the client alone', async () => {
    expect(await formOf({ grant: 'client_credentials', scope: 's' })).toEqual({
      grant_type: 'client_credentials',
      scope: 's',
    });
  });

  it('should present a signed assertion and no client', async () => {
    const { headers, body } = await request(
      { grant: 'jwt_bearer', assertion: { issuer: 'svc@acme', claims: { scope: 'read' } } },
      { private_key: newKeys().pem },
    );
    const form = Object.fromEntries(new URLSearchParams(body));

    expect(headers['authorization']).toBeUndefined();
    expect(form['grant_type']).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    expect(decodeJwt(form['assertion'] ?? '')).toMatchObject({
      iss: 'svc@acme',
      aud: 'https://auth.example/oauth/token',
      scope: 'read',
    });
  });
});
