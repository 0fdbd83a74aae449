import { type AnswersFile, type IssuedCredential, loadAnswers } from '../../apps/sandbox/src/index.js';
import type { ProviderRequest } from './sandbox.js';

type Values = Readonly<Record<string, string>>;
type Fields = Readonly<Record<string, string>>;

const BASIC = /^Basic \{base64\((\w+) \+ ':' \+ (\w+)\)\}$/;
const files = loadAnswers();

/**
 * The refresh request that a provider's answers file documents, with the values of a credential of the sandbox.
 * @throws Error where there is no such file
 */
export function documentedRequest({ provider, settings, secrets, credential }: IssuedCredential): ProviderRequest {
  const file = files.get(provider);
  if (!file) {
    throw new Error(`The sandbox has no answers of ${provider}.`);
  }
  const { request, sandbox } = file;
  const texts = Object.entries(settings).map(([name, value]) => [name, String(value)]);
  const values: Values = { ...Object.fromEntries(texts), ...secrets, ...credential };
  const headers = request.headers.map(({ name, value }) => [name.toLowerCase(), headerOf(value, values)]);
  return {
    method: request.method,
    path: `${sandbox.prefixes[0]}${request.path}`,
    headers: Object.fromEntries(headers) as Fields,
    body: bodyOf(request, values),
  };
}

function headerOf(template: string, values: Values): string {
  const [, user, password] = BASIC.exec(template) ?? [];
  if (user === undefined || password === undefined) {
    return template;
  }
  const halves = [user, password].map((name) => encodeURIComponent(values[name] ?? ''));
  return `Basic ${Buffer.from(halves.join(':')).toString('base64')}`;
}

function bodyOf({ body }: AnswersFile['request'], values: Values): string {
  const entries = body.fields.map(({ path, field = path, value }) => [path, value ?? values[field] ?? '']);
  const fields = Object.fromEntries(entries) as Fields;
  return body.encoding === 'json' ? JSON.stringify(fields) : new URLSearchParams(fields).toString();
}
