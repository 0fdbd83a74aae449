import type { HeaderSpec, RequestSpec } from '../contract/answers-file.js';
import type { Received } from '../http/received.js';

/** What a request shows of a credential, by our field names: `refresh_token`, `api_key` … */
export type Presented = Readonly<Record<string, string>>;

const BASIC = /^Basic \{base64\((\w+) \+ ':'\)\}$/;
const SCHEME = /^(?:(\w+) )?\{(\w+)\}$/;

/** Reads the documented places of a credential: header templates and body fields. */
export function presentedBy(spec: RequestSpec, received: Received, fields: ReadonlyMap<string, string>): Presented {
  const inHeaders = spec.headers.flatMap((header) => inHeader(header, received.headers[header.name.toLowerCase()]));
  const inBody = spec.body.fields.flatMap(({ path, field = path }) => {
    const value = fields.get(path);
    return value === undefined || value === '' ? [] : [[field, value] as const];
  });
  return Object.fromEntries([...inHeaders, ...inBody]);
}

type Pair = readonly [field: string, value: string];

function inHeader({ value: template }: HeaderSpec, value: string | undefined): readonly Pair[] {
  if (value === undefined) {
    return [];
  }
  const basic = BASIC.exec(template)?.[1];
  if (basic !== undefined) {
    return basicUser(value).map((user) => [basic, user]);
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
  const [scheme, encoded] = splitScheme(value);
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const isBare =
    scheme.toLowerCase() === 'basic' && decoded.endsWith(':') && decoded.indexOf(':') === decoded.length - 1;
  return isBare ? [decoded.slice(0, -1)] : [];
}
