import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { whyRefused, whyUnread } from './why-refused.js';

/** A request as Node parsed it, from these headers as they were sent. */
function newRequest(sent: readonly (readonly [string, string])[], httpVersion = '1.1'): IncomingMessage {
  const headers: Record<string, string> = {};
  for (const [name, value] of sent) {
    headers[name.toLowerCase()] ??= value;
  }
  return { headers, httpVersion, rawHeaders: sent.flat() } as unknown as IncomingMessage;
}

const HOST = ['Host', 'broker'] as const;
const many = (count: number) => Array.from({ length: count }, (_, index) => [`X-${index}`, 'x'] as const);

describe(whyRefused.name, () => {
  it.each([
    ['an ordinary request', [HOST, ['Authorization', 'Bearer x'], ['Accept', '*/*']], '1.1'],
    ['HTTP/1.0 without a host', [], '1.0'],
    ['the same header twice where that is a list', [HOST, ['Accept', 'a'], ['Accept', 'b'], ['Via', 'c']], '1.1'],
    ['chunks', [HOST, ['Transfer-Encoding', 'Chunked']], '1.1'],
    ['a body as it is', [HOST, ['Content-Encoding', 'identity']], '1.1'],
    ['a hundred headers', [HOST, ...many(99)], '1.1'],
  ] as const)('should find nothing in %s', (_name, headers, version) => {
    const request = newRequest(headers, version);
    expect([whyRefused(request), whyUnread(request)]).toEqual([undefined, undefined]);
  });

  it.each([
    ['HTTP/0.9', [], '0.9', 'request'],
    ['HTTP/2.0 in the words of HTTP/1.1', [HOST], '2.0', 'request'],
    ['HTTP/1.1 without a host', [], '1.1', 'host'],
    ['two hosts', [HOST, ['hOST', 'other']], '1.1', 'host'],
    ['two keys', [HOST, ['Authorization', 'Bearer a'], ['authorization', 'Bearer b']], '1.1', 'authorization'],
    ['two types', [HOST, ['Content-Type', 'a'], ['Content-Type', 'b']], '1.1', 'content-type'],
    ['another coding beside chunks', [HOST, ['Transfer-Encoding', 'gzip, chunked']], '1.1', 'transfer-encoding'],
    ['chunks in HTTP/1.0', [HOST, ['Transfer-Encoding', 'chunked']], '1.0', 'transfer-encoding'],
    ['more than a hundred headers', [HOST, ...many(100)], '1.1', 'request'],
  ] as const)('should refuse %s', (_name, headers, version, field) => {
    expect(whyRefused(newRequest(headers, version))).toMatchObject({
      code: 'invalid_request',
      facts: { errors: [{ field }] },
    });
  });

  it.each(['gzip', 'br', 'deflate, gzip', 'identity, gzip', ''])(
    'should not unpack anything: Content-Encoding %j',
    (coding) => {
      expect(whyUnread(newRequest([HOST, ['Content-Encoding', coding]]))?.code).toBe('unsupported_media_type');
    },
  );
});
