import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describeType } from '../describe.js';
import type { Settings } from '../provider.js';
import { checkComplete, checkFields } from '../validation.js';
import { OAuth2Provider } from './oauth2.provider.js';
import { newCredential, newKeys, PLAIN_SECRETS, PLAIN_SETTINGS } from './testing/new-oauth2.js';

const NAMES = { settings: 'settings', secrets: 'credential' };
const acme = {
  title: 'Acme',
  documentation: 'https://acme.example',
  settings: { token_url: 'https://acme.example/t' },
};
const sut = new OAuth2Provider(new Map([['acme', acme]]));

const complain = (settings: unknown) => checkFields(sut, { settings }, NAMES);
const complainTogether = (settings: Settings, secrets: Record<string, string> = {}) =>
  checkComplete(sut, newCredential(settings, secrets), NAMES);

describe('fields of oauth2', () => {
  it('should need no more in the plain case than a URL, a client and a refresh token', () => {
    expect(
      complain({ ...PLAIN_SETTINGS, scope: 's', client_auth: 'body', rotation: 'grace', grace_seconds: 5 }),
    ).toEqual([]);
    expect(checkFields(sut, { secrets: PLAIN_SECRETS }, NAMES)).toEqual([]);
    expect(complainTogether({})).toEqual([]);
    expect(describeType(sut).required).toEqual(['token_url', 'client_id', 'client_secret', 'refresh_token']);
  });

  it.each<[Settings, string, string]>([
    [{ errors: [{ code: 'x', reason: 'dead' }] }, 'settings.errors.0.reason', 'must be one of: invalid_grant, '],
    [{ errors: [{ reason: 'invalid_grant' }] }, 'settings.errors.0', 'must have at least 2 of: status, code, reason'],
    [{ errors: [{ code: 'x', status: 400 }] }, 'settings.errors.0.reason', 'is required'],
    [{ errors: {} }, 'settings.errors', 'must be a list'],
    [{ paths: { access_token: 'a..b' } }, 'settings.paths.access_token', 'must be names with dots between them'],
    [{ paths: { token: 'a' } }, 'settings.paths.token', 'is not known here; known are: access_token, '],
    [{ success_when: { path: 'ok' } }, 'settings.success_when.equals', 'is required'],
    [
      { success_when: { path: 'ok', equals: {} } },
      'settings.success_when.equals',
      'must be a text, a number or true or false',
    ],
    [{ success_statuses: [200, '201'] }, 'settings.success_statuses.1', 'must be a whole number'],
    [{ headers: { Authorization: 'x' } }, 'settings.headers.Authorization', 'must be the name of a header'],
    [{ headers: { HOST: 'x' } }, 'settings.headers.HOST', 'must be the name of a header'],
    [{ headers: { 'a/b~c': 'x' } }, 'settings.headers.a/b~c', 'must be the name of a header'],
    [{ headers: { 'x-a': 'a\r\nb' } }, 'settings.headers.x-a', 'must consist of ASCII characters in one line'],
    [{ parameters: { a: [] } }, 'settings.parameters.a', 'must be a text in one line, a number, true or false or null'],
    [{ parameters: { 'a b': 'x' } }, 'settings.parameters.a b', 'must be named with'],
    [{ url_parameters: { tenant: '../x' } }, 'settings.url_parameters.tenant', 'must be 1 to 200 letters'],
    [{ url_parameters: { tenant: 'a@b' } }, 'settings.url_parameters.tenant', 'must be 1 to 200 letters'],
    [{ token_url: 'auth.example' }, 'settings.token_url', 'must be an absolute http or https URL'],
    [{ token_url: 'https://u:p@auth.example' }, 'settings.token_url', 'must be an absolute http or https URL'],
    [{ rotation: 'never' }, 'settings.rotation', 'must be one of: strict, grace, static'],
    [{ refresh_at: 1 }, 'settings.refresh_at', 'must be at most 0.95'],
    [{ rolling: 'yes' }, 'settings.rolling', 'must be true or false'],
    [{ assertion: { lifetime_seconds: 5 } }, 'settings.assertion.lifetime_seconds', 'must be at least 10'],
    [{ preset: 'unknown' }, 'settings.preset', 'must be one of: acme'],
    [{ surprise: 1 }, 'settings.surprise', 'is not a field of the type "oauth2"'],
    [{ client_secret: 's' }, 'settings.client_secret', 'belongs under "credential"'],
  ])('should refuse %j by its path, once', (settings, field, message) => {
    expect(complain(settings)).toEqual([
      { field, message: expect.stringMatching(`^${message.replace(/[.()]/g, '\\$&')}`) },
    ]);
  });

  it('should refuse __proto__ wherever names are free', () => {
    for (const group of ['parameters', 'headers', 'url_parameters', 'extra', 'paths']) {
      expect(complain(JSON.parse(`{"${group}":{"__proto__":"x"}}`))).toHaveLength(1);
    }
  });
});

describe('the description of oauth2', () => {
  it('should be strict JSON Schema that takes nothing undeclared', () => {
    const { provider, connection } = describeType(sut);

    for (const schema of [provider.settings, provider.secrets, connection.settings, connection.credential]) {
      const validate = new Ajv2020({ strict: true, formats: { uri: true, email: true } }).compile(schema);
      expect([validate({}), validate({ undeclared: 'x' })]).toEqual([true, false]);
    }
  });

  it('should say of every setting, also inside of others, what it is', () => {
    const undescribed = sut.fields.flatMap(({ name, schema }) => {
      const inner = 'properties' in schema ? Object.entries(schema.properties ?? {}) : [];
      const all = [[name, schema] as const, ...inner.map(([key, value]) => [`${name}.${key}`, value] as const)];
      return all.filter(([, { description = '' }]) => description === '').map(([path]) => path);
    });

    expect(undescribed).toEqual([]);
  });
});

describe('fields of oauth2 together', () => {
  it.each<[Settings, readonly string[]]>([
    [{}, ['settings.token_url', 'settings.client_id', 'credential.client_secret', 'credential.refresh_token']],
    [{ preset: 'acme', client_auth: 'none' }, ['credential.refresh_token']],
    [{ preset: 'acme', grant: 'client_credentials' }, ['settings.client_id', 'credential.client_secret']],
    [{ preset: 'acme', grant: 'jwt_bearer' }, ['credential.private_key', 'settings.assertion.issuer']],
    [
      { preset: 'acme', rolling: true, client_auth: 'basic_empty_password' },
      ['credential.client_secret', 'credential.access_token'],
    ],
    [
      { preset: 'acme', client_auth: 'private_key_jwt', rotation: 'grace' },
      ['settings.client_id', 'credential.private_key', 'credential.refresh_token', 'settings.grace_seconds'],
    ],
  ])('should name what %j needs', (settings, missing) => {
    const errors = checkComplete(sut, { settings, secrets: {} }, NAMES);

    expect(errors.map(({ field }) => field).toSorted()).toEqual([...missing].toSorted());
    expect(new Set(errors.map(({ message }) => message.replace(/ where.*/, '')))).toEqual(new Set(['is required']));
  });

  it.each<[Settings, string]>([
    [{ token_url: 'https://a.example/{tenant}' }, 'settings.url_parameters.tenant'],
    [{ introspection_url: 'https://{region}.example' }, 'settings.url_parameters.region'],
    [{ token_url: 'https://a.example:{port}/', url_parameters: { port: 'x' } }, 'settings.token_url'],
    [{ method: 'GET', encoding: 'form' }, 'settings.encoding'],
    [{ encoding: 'none' }, 'settings.credential_in'],
    [{ encoding: 'none', credential_in: 'query', client_auth: 'body' }, 'settings.client_auth'],
    [{ credential_in: 'header' }, 'settings.client_auth'],
    [{ credential_in: 'header', credential_name: 'Host' }, 'settings.credential_name'],
    [{ client_auth: 'header', client_secret_name: 'content-length' }, 'settings.client_secret_name'],
    [{ client_auth: 'header', client_id_name: 'a[b]' }, 'settings.client_id_name'],
    [{ grant: 'client_credentials', rolling: true }, 'settings.rolling'],
    [{ parameters: { refresh_token: 'x' } }, 'settings.parameters.refresh_token'],
    [{ parameters: { key: 'x' }, client_secret_name: 'key' }, 'settings.parameters.key'],
  ])('should refuse %j by the path of what does not fit', (settings, field) => {
    expect(complainTogether(settings)).toEqual([{ field, message: expect.stringMatching(/^(must|is required)/) }]);
  });

  it.each<Settings>([
    { credential_in: 'header', credential_name: 'X-Token' },
    { credential_in: 'header', client_auth: 'header', method: 'GET', encoding: 'none' },
    { parameters: { refresh_token: null } },
    { method: 'GET' },
    { encoding: 'none', grant: 'client_credentials' },
  ])('should find nothing wrong with %j', (settings) => {
    expect(complainTogether(settings)).toEqual([]);
  });

  it('should tell a key that is not one of the algorithm', () => {
    const settings = { client_auth: 'private_key_jwt', assertion: { algorithm: 'ES256' } };
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

    expect(complainTogether(settings, { private_key: newKeys().pem })).toEqual([
      { field: 'settings.assertion.algorithm', message: 'must be one that the private key is for' },
    ]);
    expect(complainTogether(settings, { private_key: ec.export({ type: 'pkcs8', format: 'pem' }).toString() })).toEqual(
      [],
    );
  });
});
