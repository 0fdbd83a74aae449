import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { type IssuedCredential, loadAnswers, type Sandbox } from '../../apps/sandbox/src/index.js';
import {
  type ProviderRequest,
  refreshRequest,
  reloginRequest,
  sendTo,
  signAssertion,
  startTestSandbox,
} from '../support/sandbox.js';

let sut: Sandbox;

beforeAll(async () => {
  sut = await startTestSandbox();
});
afterEach(() => sut.reset());
afterAll(() => sut.close());

type Change = Partial<ProviderRequest> | void;
type Changing = (request: ProviderRequest, issued: IssuedCredential) => Change;

const header =
  (name: string, value?: string): Changing =>
  ({ headers }) => {
    const { [name]: _, ...others } = headers;
    return { headers: value === undefined ? others : { ...others, [name]: value } };
  };
const authorization = (value?: string) => header('authorization', value);
const without =
  (name: string): Changing =>
  (request) => {
    const body = new URLSearchParams(String(request.body));
    body.delete(name);
    return { body };
  };
const body =
  (value: unknown): Changing =>
  () => ({ body: JSON.stringify(value) });
const query =
  (text: string): Changing =>
  () => ({ path: `/refresh/?${text}` });
const expire =
  (part: 'access' | 'refresh'): Changing =>
  (_, { id }) =>
    sut.expire(id, part);
const revoke =
  (part: 'access' | 'refresh' | 'keys'): Changing =>
  (_, { id }) =>
    sut.revoke(id, part);
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
const claims =
  (overrides: Readonly<Record<string, unknown>>): Changing =>
  (request, issued) =>
    authorization(`JWT ${signAssertion(issued, overrides)}`)(request, issued);
const unsigned: Changing = (request, issued) => {
  const [, payload] = signAssertion(issued).split('.');
  const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
  return authorization(`JWT ${none}.${payload}.`)(request, issued);
};
const foreign: Changing = (request, issued) => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return authorization(`JWT ${signAssertion({ ...issued, credential: { private_key: pem } })}`)(request, issued);
};
const keys =
  (secretKey?: string): Changing =>
  (_, { credential }) => ({
    body: JSON.stringify({ accessKey: credential['access_key'], secretKey }),
  });
const secondsFromNow = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

/** One row a rule: what about a good request makes it apply, and the answer that it then gives. */
type Row = readonly [answer: string, why: string, change: Changing];

const REFRESH: Readonly<Record<string, readonly Row[]>> = {
  onmeta: [
    ['unauthorized', 'no API key', header('x-api-key')],
    ['unauthorized', 'a wrong API key', header('x-api-key', 'wrong')],
    ['unauthorized', 'no Authorization', authorization()],
    ['unauthorized', 'another scheme', authorization('Token x')],
    ['unauthorized', 'an unknown refresh token', authorization('Bearer x')],
    ['unauthorized', 'an expired refresh token', expire('refresh')],
    ['unauthorized', 'a revoked refresh token', revoke('refresh')],
    ['unauthorized', 'a revoked API key', revoke('keys')],
  ],
  monetate: [
    ['unauthorized', 'no Authorization', authorization()],
    ['unauthorized', 'the scheme Bearer', authorization('Bearer x')],
    ['unauthorized', 'the scheme Token', authorization('Token x')],
    ['unauthorized', 'no JWT', authorization('JWT x')],
    ['unauthorized', 'an unsigned JWT', unsigned],
    ['unauthorized', 'a foreign key', foreign],
    ['unauthorized', 'an unknown user name', claims({ username: 'nobody' })],
    ['unauthorized', 'no user name', claims({ username: undefined })],
    ['unauthorized', 'no iat', claims({ iat: undefined })],
    ['unauthorized', 'an iat of long ago', claims({ iat: secondsFromNow(-90) })],
    ['unauthorized', 'an iat to come', claims({ iat: secondsFromNow(90) })],
    ['forbidden_revoked', 'a deactivated key', revoke('keys')],
    ['bad_ttl', 'a ttl of 599', query('ttl=599')],
    ['bad_ttl', 'a ttl of 43201', query('ttl=43201')],
    ['bad_ttl', 'a ttl that is no integer', query('ttl=1e3')],
  ],
  klearstack: [
    ['access_expired', 'no Authorization', authorization()],
    ['access_expired', 'another scheme', authorization('JWT x')],
    ['access_expired', 'an unknown access token', authorization('Bearer x')],
    ['access_expired', 'an expired access token beside a good refresh token', expire('access')],
    ['access_expired', 'a revoked access token', revoke('access')],
    ['missing_parameter', 'no refresh token', without('refresh_token')],
    ['missing_company_name', 'no company name', without('company_name')],
    [
      'refresh_invalid',
      'an unknown refresh token',
      () => ({ body: new URLSearchParams({ refresh_token: 'x', company_name: 'acme' }) }),
    ],
    ['refresh_invalid', 'an expired refresh token', expire('refresh')],
    ['refresh_invalid', 'a revoked refresh token', revoke('refresh')],
  ],
  klavi: [
    ['unauthorized', 'no Authorization', authorization()],
    ['unauthorized', 'another scheme', authorization('Basic x')],
    ['unauthorized', 'an unknown token', authorization('Bearer x')],
    ['unauthorized', 'an expired token', expire('access')],
    ['unauthorized', 'a revoked token', revoke('access')],
  ],
  berbix: [
    ['bad_secret', 'no Authorization', authorization()],
    ['bad_secret', 'a wrong secret', authorization(basic('wrong:'))],
    [
      'bad_secret',
      'a password beside the secret',
      (request, issued) => authorization(basic(`${issued.secrets['api_secret']}:x`))(request, issued),
    ],
    ['bad_request', 'another content type', header('content-type', 'application/x-www-form-urlencoded')],
    ['bad_request', 'no grant type', body({ refresh_token: 'x' })],
    ['bad_request', 'no refresh token', body({ grant_type: 'refresh_token' })],
    ['bad_refresh_token', 'an unknown refresh token', body({ grant_type: 'refresh_token', refresh_token: 'x' })],
    ['bad_refresh_token', 'an expired refresh token', expire('refresh')],
    ['bad_refresh_token', 'a revoked refresh token', revoke('refresh')],
  ],
};

const RELOGIN: Readonly<Record<string, readonly Row[]>> = {
  onmeta: [
    ['login_401', 'no API key', header('x-api-key')],
    ['login_401', 'a wrong API key', header('x-api-key', 'wrong')],
    ['login_400', 'another content type', header('content-type', 'text/plain')],
    ['login_400', 'no e-mail', body({})],
    ['login_401', 'an unknown e-mail', body({ email: 'nobody@example.com' })],
  ],
  klearstack: [
    ['login_missing_username', 'no user name', without('username')],
    ['login_missing_password', 'no password', without('password')],
    ['login_500', 'no company name', without('company_name')],
    ['login_401', 'a revoked password', revoke('keys')],
  ],
  klavi: [
    ['bad_request', 'another content type', header('content-type', 'text/plain')],
    ['bad_request', 'no secret key', keys()],
    ['auth_401', 'a wrong secret key', keys('wrong')],
    ['auth_401', 'revoked keys', revoke('keys')],
  ],
};

const documented = (provider: string, id: string) => {
  const file = loadAnswers().get(provider);
  const answers = [...(file?.errors ?? []), ...(file?.bootstrap.flatMap(({ errors }) => errors) ?? [])];
  return answers.find((answer) => answer.id === id);
};

async function ask(build: typeof refreshRequest, provider: string, change?: Changing): Promise<Response> {
  const issued = await sut.issue(provider);
  const request = build(issued);
  return sendTo(sut, provider, { ...request, ...change?.(request, issued) });
}

const rows = (tables: typeof REFRESH) =>
  Object.entries(tables).flatMap(([provider, each]) => each.map((row) => [provider, ...row] as const));

describe('sandbox: the rules', () => {
  it.each(rows(REFRESH))('should let %s answer a refresh with %s for %s', async (provider, id, _why, change) => {
    const response = await ask(refreshRequest, provider, change);

    expect(response.status).toBe(documented(provider, id)?.status);
    expect(await response.json()).toEqual(documented(provider, id)?.body);
    expect(sut.requests()).toMatchObject([{ provider, step: 'refresh', answer: id, status: response.status }]);
  });

  it.each(rows(RELOGIN))('should let %s answer a re-login with %s for %s', async (provider, id, _why, change) => {
    const response = await ask(reloginRequest, provider, change);

    expect(response.status).toBe(documented(provider, id)?.status);
    expect(await response.json()).toEqual(documented(provider, id)?.body);
    expect(sut.requests()).toMatchObject([{ provider, step: 'relogin', answer: id, status: response.status }]);
  });

  it.each(Object.keys(REFRESH))('should let %s answer an unknown route', async (provider) => {
    const request = { method: 'PUT', path: '/elsewhere', headers: {} };

    expect((await sendTo(sut, provider, request)).status).toBe(404);
    expect(sut.requests()).toMatchObject([{ step: null, answer: 'unknown_route', credential: null }]);
  });
});
