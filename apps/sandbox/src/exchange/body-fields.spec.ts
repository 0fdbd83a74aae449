import { describe, expect, it } from '@jest/globals';
import type { RequestSpec } from '../contract/answers-file.js';
import { bodyFields } from './body-fields.js';

const BOUNDARY = 'multipart/form-data; boundary=b';
const part = '--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b--\r\n';

const read = async (encoding: RequestSpec['body']['encoding'], type: string, text: string) => {
  const received = { method: 'POST', path: '/', query: new URLSearchParams(), headers: { 'content-type': type } };
  const spec = { headers: [], body: { encoding, fields: [] } };
  return Object.fromEntries(await bodyFields(spec, { ...received, body: Buffer.from(text) }));
};

describe('bodyFields', () => {
  it.each([
    ['json', 'application/json', '{"x":"1","y":2,"z":null}', { x: '1', y: '2' }],
    ['json', 'application/json', '{"x":', {}],
    ['json', 'application/json', 'null', {}],
    ['form_or_multipart', 'application/x-www-form-urlencoded; charset=UTF-8', 'x=1&y=a+b', { x: '1', y: 'a b' }],
    ['form_or_multipart', BOUNDARY, part, { x: '1' }],
    ['form_or_multipart', BOUNDARY, 'x=1', {}],
    ['form_or_multipart', 'multipart/form-data', part, {}],
    ['form_or_multipart', 'application/json', '{"x":"1"}', {}],
    ['none', 'application/json', '{"x":"1"}', {}],
  ] as const)('should read a body of %s sent as %s: %j', async (encoding, type, text, expected) => {
    expect(await read(encoding, type, text)).toEqual(expected);
  });
});
