import { rawRequest } from './raw-http.js';

const CALLER = '/admin/callers/smuggled';
const JSON_TYPE = 'Content-Type: application/json';
const CHUNKED = 'Transfer-Encoding: chunked';

const put = (headers: readonly string[], body: string): string =>
  rawRequest('PUT', CALLER, [JSON_TYPE, ...headers], body);
const get = (...headers: readonly string[]): string => rawRequest('GET', '/health/live', headers);

/** Requests whose end or meaning two readers could understand in two ways: each is refused, whoever sends it. */
export const AMBIGUOUS: readonly (readonly [what: string, bytes: string])[] = [
  ['two equal lengths', put(['Content-Length: 2', 'Content-Length: 2'], '{}')],
  ['a list of lengths', put(['Content-Length: 2, 2'], '{}')],
  ['a length with a sign', put(['Content-Length: +2'], '{}')],
  ['a length that no number holds', put(['Content-Length: 99999999999999999999'], '{}')],
  ['chunks beside a length', put([CHUNKED, 'Content-Length: 2'], '0\r\n\r\n')],
  ['a length beside chunks hidden by a tab', put(['Content-Length: 2', 'Transfer-Encoding:\tchunked'], '{}')],
  [
    'a length beside chunks hidden by a control character',
    put(['Transfer-Encoding: \x0bchunked', 'Content-Length: 2'], '{}'),
  ],
  ['chunks twice', put(['Transfer-Encoding: chunked, chunked'], '0\r\n\r\n')],
  ['chunks, and then something else', put([CHUNKED, 'Transfer-Encoding: identity'], '0\r\n\r\n')],
  ['something else, and then chunks', put(['Transfer-Encoding: gzip, chunked'], '2\r\n{}\r\n0\r\n\r\n')],
  ['nearly chunks', put(['Transfer-Encoding: xchunked'], '0\r\n\r\n')],
  ['chunks in HTTP/1.0', put([CHUNKED], '2\r\n{}\r\n0\r\n\r\n').replace('HTTP/1.1', 'HTTP/1.0')],
  ['a name with a space before its colon', get('Transfer-Encoding : chunked')],
  ['a folded line', get('X-Folded: a', ' b')],
  ['a line that ends with a bare LF', get('X-Bare: a\nX-Other: b')],
  ['a line that ends with a bare CR', get('X-Bare: a\rX-Other: b')],
  ['lines that all end with a bare LF', get().replaceAll('\r\n', '\n')],
  ['chunks whose lines end with a bare LF', put([CHUNKED], '2\n{}\n0\n\n')],
  ['a chunk of a negative size', put([CHUNKED], '-2\r\n{}\r\n0\r\n\r\n')],
  ['a chunk whose size is written as in C', put([CHUNKED], '0x2\r\n{}\r\n0\r\n\r\n')],
  ['a chunk of more than any number', put([CHUNKED], 'fffffffffffffffff\r\n{}\r\n0\r\n\r\n')],
  ['a chunk that is longer than it says', put([CHUNKED], '2\r\n{}XX0\r\n\r\n')],
  ['20 kB of chunk extensions', put([CHUNKED], `2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`)],
  ['two hosts', get('Host: other')],
  ['two keys', get('Authorization: Bearer a', 'Authorization: Bearer b')],
  ['two types', put([JSON_TYPE, 'Content-Length: 2'], '{}')],
  ['a path with a space', get().replace('/health/live', '/health/live /x')],
  ['HTTP/0.9', 'GET /health/live\r\n\r\n'],
  ['HTTP/2.0 in the words of HTTP/1.1', get().replace('HTTP/1.1', 'HTTP/2.0')],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['1500 headers', get(...Array<string>(1500).fill('a:'))],
];
