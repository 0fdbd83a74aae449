import { request } from 'node:http';
import type { TestBroker } from './broker.js';
import type { Schema } from './openapi.js';

/** Texts for paths and queries, as they stand in a URL. Hardly any is a valid value of anything. */
export const URL_TEXTS: readonly string[] = [
  '',
  '%20',
  '%00',
  'a%00b',
  '%0d%0aX-Injected:1',
  '%ED%A0%80',
  '%F0%9F',
  '%',
  '%zz',
  '%E2%98%83',
  '%EF%BC%91',
  '-1',
  '1.5',
  '1e400',
  'Infinity',
  'NaN',
  '0x10',
  '9'.repeat(400),
  'x'.repeat(64),
  'x'.repeat(5000),
  'null',
  'undefined',
  'true',
  '%5B%5D',
  '%7B%7D',
  '__proto__',
  'constructor',
  'toString',
  '..%2f..%2fetc%2fpasswd',
  "'%3B%20drop%20table%20callers%3B--",
  '%24%7Bjndi:ldap:%2F%2Fx%7D',
  '%3Cscript%3E',
  '2026-11-21',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59-01:00',
  '9999-12-31T23:59:59Z',
  '2026-11-21T25:00:00Z',
];

/** JSON texts for members of bodies, and the type that each is of. */
export const JSON_VALUES: readonly (readonly [json: string, type: string])[] = [
  ['null', 'null'],
  ['true', 'boolean'],
  ['0', 'integer'],
  ['-1', 'integer'],
  ['-0', 'integer'],
  ['1.5', 'number'],
  ['1e400', 'number'],
  ['-1e400', 'number'],
  ['2147483648', 'integer'],
  ['9007199254740993', 'integer'],
  [`${'9'.repeat(400)}`, 'number'],
  ['""', 'string'],
  ['" "', 'string'],
  [JSON.stringify('x'.repeat(64)), 'string'],
  [JSON.stringify('x'.repeat(20_000)), 'string'],
  [String.raw`"\u0000"`, 'string'],
  [String.raw`"a\u0000b"`, 'string'],
  [String.raw`"\ud800"`, 'string'],
  [String.raw`"http://a/\udc00"`, 'string'],
  [String.raw`"http://a/\u0000"`, 'string'],
  [String.raw`"a\r\nb"`, 'string'],
  ['"☃"', 'string'],
  ['"__proto__"', 'string'],
  ['"0000-01-01T00:00:00Z"', 'string'],
  ['"0001-01-01T00:00:00+01:00"', 'string'],
  ['"9999-12-31T23:59:59-01:00"', 'string'],
  ['"-271821-04-20T00:00:00Z"', 'string'],
  ['"9999-12-31T23:59:60Z"', 'string'],
  ['"2099-01-01t00:00:00z"', 'string'],
  ['[]', 'array'],
  ['[null]', 'array'],
  ['[[]]', 'array'],
  ['[{}]', 'array'],
  ['[1]', 'array'],
  [String.raw`["\u0000"]`, 'array'],
  [`[${'"a",'.repeat(1000)}"a"]`, 'array'],
  ['{}', 'object'],
  ['{"length":1}', 'object'],
  ['{"constructor":1}', 'object'],
  ['{"constructor":null}', 'object'],
  ['{"toString":1}', 'object'],
  ['{"then":1}', 'object'],
  ['{"__proto__":1}', 'object'],
  [String.raw`{"\u0000":1}`, 'object'],
  [String.raw`{"\ud800":"x"}`, 'object'],
  [`${'{"a":'.repeat(20)}1${'}'.repeat(20)}`, 'object'],
  [`${'['.repeat(10_000)}${']'.repeat(10_000)}`, 'array'],
];

/** Whether a schema cannot allow a value of this type. */
export function isWrong({ type, nullable }: Schema, valueType: string): boolean {
  if (valueType === 'null') {
    return nullable !== true;
  }
  if (type === 'number') {
    return valueType !== 'integer' && valueType !== 'number';
  }
  return type !== undefined && type !== valueType;
}

/** An answer, with the fields that its problem names. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly fields: readonly string[];
}

/** Sends a request whose path and body are exactly this text, as the administrator. */
export function sendExactly(
  { url, adminKey }: TestBroker,
  method: string,
  path: string,
  body?: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const type =
    body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const options = {
    hostname,
    port,
    method,
    path,
    headers: { authorization: `Bearer ${adminKey}`, ...type, ...headers },
  };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve(toAnswer(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8'))));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function toAnswer(status: number, text: string): Answer {
  // Of what succeeds nothing is named, and it may be many lines of JSON.
  const { errors = [] } = (status >= 400 && text.startsWith('{') ? JSON.parse(text) : {}) as {
    errors?: readonly { field: string }[];
  };
  return { status, text, fields: errors.map(({ field }) => field) };
}
