import { describe, expect, it } from '@jest/globals';
import type { Settings } from '../provider.js';
import { decodeJwt } from 'jose';
import { authenticateClient } from './client-authentication.js';
import { settingsInForce } from './settings.js';
import { newCredential, newKeys } from './testing/new-oauth2.js';

const URL = 'https://auth.example/oauth/token';
const { pem } = newKeys();
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

const authenticate = (settings: Settings, secrets: Record<string, string> = {}) => {
  const credential = newCredential(settings, secrets);
  return authenticateClient(settingsInForce(credential.settings, new Map()), credential, URL, 0);
};

describe(authenticateClient.name, () => {
  it.each<[string, Settings, object]>([
    ['basic', {}, { headers: { authorization: basic('client:se%26ret') } }],
    ['basic_empty_password', {}, { headers: { authorization: basic('se&ret:') } }],
    ['body', {}, { parameters: { client_id: 'client', client_secret: 'se&ret' } }],
    [
      'body',
      { client_id_name: 'client_key', client_secret_name: 'key' },
      { parameters: { client_key: 'client', key: 'se&ret' } },
    ],
    ['query', {}, { query: { client_id: 'client', client_secret: 'se&ret' } }],
    ['header', {}, { headers: { 'x-api-key': 'se&ret' } }],
    [
      'header',
      { client_id_name: 'X-Client', client_secret_name: 'X-Secret' },
      { headers: { 'x-client': 'client', 'x-secret': 'se&ret' } },
    ],
    ['none', {}, { parameters: { client_id: 'client' } }],
    ['none', { client_id: undefined }, { parameters: {} }],
  ])('should prove itself by %s with %j', async (client_auth, settings, part) => {
    expect(await authenticate({ client_auth, ...settings }, { client_secret: 'se&ret' })).toEqual(part);
  });

  it('should sign for itself', async () => {
    const { parameters = {} } = await authenticate({ client_auth: 'private_key_jwt' }, { private_key: pem });

    expect(parameters).toMatchObject({
      client_id: 'client',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    expect(decodeJwt(String(parameters['client_assertion']))).toMatchObject({
      iss: 'client',
      sub: 'client',
      aud: URL,
      exp: 300,
    });
  });

  it('should not speak for the person that a signed grant speaks for', async () => {
    const assertion = { issuer: 'service', subject: 'person', claims: { scope: 'x' }, key_id: 'k' };
    const settings = { grant: 'jwt_bearer', client_auth: 'private_key_jwt', assertion };

    const { parameters = {} } = await authenticate(settings, { private_key: pem });

    const claims = decodeJwt(String(parameters['client_assertion']));
    expect(claims).toMatchObject({ iss: 'client', sub: 'client' });
    expect(claims).not.toHaveProperty('scope');
  });

  it('should refuse to go without its secret', async () => {
    const credential = { ...newCredential(), secrets: {} };

    await expect(
      authenticateClient(settingsInForce(credential.settings, new Map()), credential, URL, 0),
    ).rejects.toThrow('The field "client_secret" is missing');
  });
});
