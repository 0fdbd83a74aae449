import { createSign } from 'node:crypto';
import {
  type IssuedCredential,
  type Sandbox,
  type SandboxOptions,
  startSandbox,
} from '../../apps/sandbox/src/index.js';
import { documentedRequest } from './documented-request.js';

/** A request as a provider documents it, with parts to change for a test. */
export interface ProviderRequest {
  readonly method: string;
  /** Below `/<provider>`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | FormData | URLSearchParams;
}

/** Starts a sandbox on a free port; nothing is kept on disk unless `stateFile` says so. Close it in `afterAll`. */
export const startTestSandbox = (options: SandboxOptions = {}): Promise<Sandbox> => startSandbox(options);

/** Sends a request to a provider of a sandbox. */
export const sendTo = (sandbox: Sandbox, provider: string, { path, ...init }: ProviderRequest): Promise<Response> =>
  fetch(`${sandbox.url}/${provider}${path}`, init);

const JSON_TYPE = { 'content-type': 'application/json' };
const bearer = (token = '') => ({ authorization: `Bearer ${token}` });

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWT signed as Monetate asks for it; `overrides` replace or (undefined) remove claims. */
export function signAssertion(
  { settings, credential }: IssuedCredential,
  overrides: Readonly<Record<string, unknown>> = {},
  algorithm = 'RS256',
): string {
  const claims = { username: settings['username'], iat: Math.floor(Date.now() / 1000), ...overrides };
  const text = `${encode({ alg: algorithm, typ: 'JWT' })}.${encode(claims)}`;
  const signer = createSign(`RSA-SHA${algorithm.slice(2)}`).update(text);
  return `${text}.${signer.sign(credential['private_key'] ?? '', 'base64url')}`;
}

type Build = (issued: IssuedCredential, seconds: number) => ProviderRequest;

const KLEARSTACK = '/access/klearstack';
const form = (issued: IssuedCredential, ...names: readonly string[]): URLSearchParams =>
  new URLSearchParams(
    Object.fromEntries(names.map((name) => [name, issued.credential[name] ?? String(issued.settings[name])])),
  );

const REFRESH: Readonly<Record<string, Build>> = {
  onmeta: ({ secrets, credential }) => ({
    method: 'GET',
    path: '/v1/users/refresh-token',
    headers: { ...bearer(credential['refresh_token']), 'x-api-key': secrets['api_key'] ?? '' },
  }),
  monetate: (issued, iat) => ({
    method: 'GET',
    path: '/refresh/?ttl=3600',
    headers: { authorization: `JWT ${signAssertion(issued, { iat })}` },
  }),
  klearstack: (issued) => ({
    method: 'POST',
    path: `${KLEARSTACK}/getaccesstokenfromrefreshtoken`,
    headers: bearer(issued.credential['access_token']),
    body: form(issued, 'refresh_token', 'company_name'),
  }),
  klavi: ({ credential }) => ({
    method: 'GET',
    path: '/monitor/v1/refresh',
    headers: bearer(credential['access_token']),
  }),
  berbix: ({ secrets, credential }) => ({
    method: 'POST',
    path: '/v0/tokens',
    headers: { ...JSON_TYPE, authorization: `Basic ${Buffer.from(`${secrets['api_secret']}:`).toString('base64')}` },
    body: JSON.stringify({ grant_type: 'refresh_token', refresh_token: credential['refresh_token'] }),
  }),
};

const RELOGIN: Readonly<Record<string, Build>> = {
  onmeta: ({ secrets, credential }) => ({
    method: 'POST',
    path: '/v1/users/login',
    headers: { ...JSON_TYPE, 'x-api-key': secrets['api_key'] ?? '' },
    body: JSON.stringify({ email: credential['email'] }),
  }),
  klearstack: (issued) => ({
    method: 'POST',
    path: `${KLEARSTACK}/get_access_token`,
    headers: {},
    body: form(issued, 'username', 'password', 'company_name'),
  }),
  klavi: ({ credential }) => ({
    method: 'POST',
    path: '/data/v1/auth',
    headers: JSON_TYPE,
    body: JSON.stringify({ accessKey: credential['access_key'], secretKey: credential['secret_key'] }),
  }),
};

function build(builds: Readonly<Record<string, Build>>, issued: IssuedCredential, at: number): ProviderRequest {
  const make = builds[issued.provider];
  if (!make) {
    throw new Error(`No request of this kind is known for ${issued.provider}.`);
  }
  return make(issued, Math.floor(at / 1000));
}

/** The documented refresh request for a credential of the sandbox; `at` is epoch milliseconds, for what is signed. */
export const refreshRequest = (issued: IssuedCredential, at: number = Date.now()): ProviderRequest =>
  issued.type === 'oauth2' ? documentedRequest(issued) : build(REFRESH, issued, at);

/** The documented re-login request. */
export const reloginRequest = (issued: IssuedCredential): ProviderRequest => build(RELOGIN, issued, Date.now());
