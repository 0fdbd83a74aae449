import type { HeaderSpec, RequestSpec } from '../contract/answers-file.js';
import type { Received } from '../http/received.js';

/** What a request shows of a credential, by our field names: `refresh_token`, `api_key` … */
export type Presented = Readonly<Record<string, string>>;

const BASIC = /^Basic \{base64\((\w+) \+ ':'(?: \+ (\w+))?\)\}$/;
const SCHEME = /^(?:(\w+) )?\{(\w+)\}$/;

/** Reads the documented places of a credential: header templates, query parameters and body fields. */
export function presentedBy(spec: RequestSpec, received: Received, fields: ReadonlyMap<string, string>): Presented {
  const inHeaders = spec.headers.flatMap((header) => inHeader(header, received.headers[header.name.toLowerCase()]));
  const inQuery = (spec.query ?? []).flatMap(({ name, field }) => pair(field, received.query.get(name)));
  const inBody = spec.body.fields
    .filter(({ value }) => value === undefined)
    .flatMap(({ path, field = path }) => pair(field, fields.get(path)));
  return Object.fromEntries([...inHeaders, ...inQuery, ...inBody]);
}

type Pair = readonly [field: string, value: string];

const pair = (field: string | undefined, value: string | null | undefined): readonly Pair[] =>
  field === undefined || value === undefined || value === null || value === '' ? [] : [[field, value]];

function inHeader({ value: template }: HeaderSpec, value: string | undefined): readonly Pair[] {
  if (value === undefined) {
    return [];
  }
  const [, userField, passwordField] = BASIC.exec(template) ?? [];
  if (userField !== undefined) {
    return passwordField === undefined
      ? basicUser(value).map((user) => [userField, user])
      : basicPair(value, userField, passwordField);
  }
  const [, scheme, field] = SCHEME.exec(template) ?? [];
  if (field === undefined) {
    return [];
  }
  if (scheme === undefined) {
    return [[field, value]];
  }
  const [given = '', rest = ''] = splitScheme(value);
  return given.toLowerCase() === scheme.toLowerCase() && rest !== '' ? [[field, rest]] : [];
}

/** Scheme and credentials of an Authorization header. */
export function splitScheme(value: string): readonly [string, string] {
  const at = value.indexOf(' ');
  return at < 0 ? [value, ''] : [value.slice(0, at), value.slice(at + 1).trim()];
}

/** The user of a Basic header whose password is empty, as a documented secret is sent; else nothing. */
function basicUser(value: string): readonly string[] {
  const decoded = decodeBasic(value);
  const isBare = decoded.endsWith(':') && decoded.indexOf(':') === decoded.length - 1;
  return isBare ? [decoded.slice(0, -1)] : [];
}

/** Both halves of a Basic header, form-decoded as RFC 6749, 2.3.1 has a client write them. */
function basicPair(value: string, userField: string, passwordField: string): readonly Pair[] {
  const [user = '', ...password] = decodeBasic(value).split(':');
  return [...pair(userField, formDecode(user)), ...pair(passwordField, formDecode(password.join(':')))];
}

function decodeBasic(value: string): string {
  const [scheme, encoded] = splitScheme(value);
  return scheme.toLowerCase() === 'basic' ? Buffer.from(encoded, 'base64').toString('utf8') : '';
}

const formDecode = (text: string): string => new URLSearchParams(`x=${text}`).get('x') ?? '';
