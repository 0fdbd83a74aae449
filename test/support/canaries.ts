import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Fault, IssueOptions } from '../../apps/sandbox/src/index.js';

/** Secrets that a search must not find, by what they are. */
export type Canaries = Map<string, string>;

const SECRET_FIELDS = {
  onmeta: { secrets: ['api_key'], credential: ['refresh_token', 'email'] },
  monetate: { secrets: [], credential: ['private_key'] },
  klearstack: { secrets: [], credential: ['refresh_token', 'access_token', 'username', 'password'] },
  klavi: { secrets: [], credential: ['access_token', 'access_key', 'secret_key'] },
  berbix: { secrets: ['api_secret'], credential: ['refresh_token'] },
} as const;

/** The built-in types. */
export const TYPES = Object.keys(SECRET_FIELDS) as readonly (keyof typeof SECRET_FIELDS)[];

/** Values for every secret field of a type, each of them noted among the canaries. */
export function issueOptions(type: keyof typeof SECRET_FIELDS, canaries: Canaries): IssueOptions {
  const valueOf = (field: string): string => {
    const value = newSecret(field);
    canaries.set(`${type}.${field}`, value);
    return value;
  };
  const { secrets, credential } = SECRET_FIELDS[type];
  return {
    secrets: Object.fromEntries(secrets.map((field) => [field, valueOf(field)])),
    credential: Object.fromEntries(credential.map((field) => [field, valueOf(field)])),
  };
}

/** In capitals, so that none can be a name: what is sent as a name is shown as one. */
function newSecret(field: string): string {
  const text = `CANARY-${field}-${randomBytes(12).toString('hex')}`;
  if (field === 'private_key') {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  }
  return field === 'email' ? `${text}@customers.example` : text;
}

const respond = (status: number, body: string, headers = {}): Fault => ({ kind: 'respond', status, body, headers });

/** Every way that a provider may fail, in as many as can be with the secrets in its answer. */
export function echoingFaults(secrets: readonly string[]): readonly Fault[] {
  const echo = secrets.join(' ');
  const json = JSON.stringify({ error: echo, error_description: echo, message: echo, detail: [echo], [echo]: echo });
  return [
    respond(200, `<html><body>${echo}</body></html>`, { 'content-type': 'text/html' }),
    respond(200, json),
    respond(200, `${json.slice(0, -1)}`),
    ...[400, 401, 403, 404, 418, 422, 429, 500, 502, 503].map((status) => respond(status, json)),
    respond(503, json, { 'retry-after': echo.replaceAll('\n', '') }),
    { kind: 'redirect', location: `http://127.0.0.1:1/?secret=${encodeURIComponent(echo)}` },
    { kind: 'close_before', reset: true },
    { kind: 'close_after', reset: true },
    { kind: 'truncate' },
    { kind: 'flood', bytes: 200_000 },
    { kind: 'rate_limited', retry_after: echo.replaceAll('\n', '') },
  ];
}

/** What is searched for a secret: itself, and in every encoding that it may stand in. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  // A key of many lines is found by any of them.
  const lines = secret.includes('\n') ? secret.split('\n').filter((line) => line.length > 40) : [secret];
  return [
    ...lines,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString('hex'),
    bytes.toString('base64').replace(/=+$/, '').slice(0, -1),
    bytes.toString('base64url').slice(0, -1),
    Buffer.from(`${secret}:`).toString('base64').replace(/=+$/, ''),
  ];
}

/** Where canaries sing: `what in where`, for each of them that stands in one of the texts in any form. */
export function findCanaries(canaries: Canaries, places: Readonly<Record<string, string>>): string[] {
  return [...canaries].flatMap(([what, secret]) => {
    const forms = formsOf(secret);
    return Object.entries(places)
      .filter(([, text]) => forms.some((form) => text.includes(form)))
      .map(([where]) => `${what} in ${where}`);
  });
}
