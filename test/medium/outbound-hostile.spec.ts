import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { AddressGuard, OutboundClient, type OutboundOptions } from '@app/providers';

/** What is looked at of an outcome. */
interface Expected {
  readonly reason: string;
  readonly kind?: string;
  readonly status?: number | null;
}

const REFUSED = { kind: 'misconfigured', status: null, reason: 'address_refused' };

/** Literals of hosts inside; `P` is the port that the server below listens on, on every address of this machine. */
const LITERALS: readonly (readonly [string, string])[] = [
  ['loopback', 'https://127.0.0.1:P/'],
  ['loopback, short', 'https://127.1:P/'],
  ['loopback, decimal', 'https://2130706433:P/'],
  ['loopback, hexadecimal', 'https://0x7f000001:P/'],
  ['loopback, hexadecimal parts', 'https://0x7f.0x0.0x0.0x1:P/'],
  ['loopback, octal', 'https://017700000001:P/'],
  ['loopback, octal parts', 'https://0177.0.0.01:P/'],
  ['loopback, mixed notation', 'https://0x7f.1:P/'],
  ['loopback, another address', 'https://127.255.255.254:P/'],
  ['loopback, trailing dot', 'https://127.0.0.1.:P/'],
  ['loopback, ideographic dots', 'https://127。0。0。1:P/'],
  ['loopback, full-width digits', 'https://１２７.0.0.1:P/'],
  ['loopback, circled digits', 'https://①②⑦.⓪.⓪.①:P/'],
  ['loopback, percent-encoded', 'https://%31%32%37.0.0.1:P/'],
  ['loopback, no slashes', 'https:127.0.0.1:P/'],
  ['loopback, three slashes', 'https:///127.0.0.1:P/'],
  ['loopback, tab inside', 'https://127.0.\t0.1:P/'],
  ['loopback, IPv6', 'https://[::1]:P/'],
  ['loopback, IPv6 in full', 'https://[0:0:0:0:0:0:0:1]:P/'],
  ['loopback, IPv6 with a zone', 'https://[::1%25lo]:P/'],
  ['loopback, IPv4-mapped', 'https://[::ffff:127.0.0.1]:P/'],
  ['loopback, IPv4-mapped in hexadecimal', 'https://[::ffff:7f00:1]:P/'],
  ['loopback, IPv4-compatible', 'https://[::127.0.0.1]:P/'],
  ['loopback, IPv4-translated', 'https://[::ffff:0:127.0.0.1]:P/'],
  ['loopback, NAT64', 'https://[64:ff9b::127.0.0.1]:P/'],
  ['loopback, local NAT64', 'https://[64:ff9b:1::7f00:1]:P/'],
  ['loopback, 6to4', 'https://[2002:7f00:1::1]:P/'],
  ['loopback, Teredo', 'https://[2001:0:7f00:1::]:P/'],
  ['unspecified', 'https://0.0.0.0:P/'],
  ['unspecified, short', 'https://0:P/'],
  ['unspecified, IPv6', 'https://[::]:P/'],
  ['metadata service', 'https://169.254.169.254:P/latest/meta-data/'],
  ['metadata service, decimal', 'https://2852039166:P/'],
  ['metadata service, IPv4-mapped', 'https://[::ffff:169.254.169.254]:P/'],
  ['metadata service, NAT64', 'https://[64:ff9b::169.254.169.254]:P/'],
  ['metadata service of tasks', 'https://169.254.170.2:P/'],
  ['metadata service, IPv6', 'https://[fd00:ec2::254]:P/'],
  ['metadata service of Azure', 'https://168.63.129.16:P/'],
  ['metadata service of Oracle', 'https://192.0.0.192:P/'],
  ['metadata service of Alibaba', 'https://100.100.100.200:P/'],
  ['private, 10/8', 'https://10.0.0.1:P/'],
  ['private, 172.16/12', 'https://172.31.255.255:P/'],
  ['private, 192.168/16', 'https://192.168.0.1:P/'],
  ['unique local', 'https://[fc00::1]:P/'],
  ['carrier-grade NAT', 'https://100.64.0.1:P/'],
  ['link-local, IPv6', 'https://[fe80::1]:P/'],
  ['link-local with a zone', 'https://[fe80::1%25eth0]:P/'],
  ['site-local', 'https://[fec0::1]:P/'],
  ['broadcast', 'https://255.255.255.255:P/'],
  ['multicast', 'https://224.0.0.1:P/'],
  ['multicast, IPv6', 'https://[ff02::1]:P/'],
  ['reserved', 'https://240.0.0.1:P/'],
  ['benchmarking', 'https://198.18.0.1:P/'],
  ['documentation', 'https://192.0.2.1:P/'],
  ['documentation, IPv6', 'https://[2001:db8::1]:P/'],
  ['documentation, newer IPv6', 'https://[3fff::1]:P/'],
  ['discard', 'https://[100::1]:P/'],
  ['user', 'https://provider.example@127.0.0.1:P/'],
  ['user and password', 'https://provider.example:443@127.0.0.1:P/'],
  ['user before a name', 'https://user@localhost:P/'],
  ['a backslash, inside first', 'https://127.0.0.1:P\\@provider.example/'],
  ['an encoded null', 'https://127.0.0.1%00.provider.example:P/'],
  ['plain http', 'http://127.0.0.1:P/'],
  ['plain http to a name', 'http://localhost:P/'],
  ['another scheme', 'ftp://127.0.0.1:P/'],
  ['a file', 'file:///etc/passwd'],
  ['no URL', '//127.0.0.1:P/'],
];

const at = (...addresses: readonly string[]): LookupAddress[] =>
  addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

/** Names, and what a resolver says of them: what somebody else's name server says is not to be trusted. */
const NAMES: readonly (readonly [string, readonly LookupAddress[]])[] = [
  ['metadata.google.internal', at('169.254.169.254')],
  ['instance-data.ec2.internal', at('169.254.169.254')],
  ['127.0.0.1.rebind.example', at('127.0.0.1')],
  ['localhost.', at('127.0.0.1', '::1')],
  ['ⓛocalhost', at('127.0.0.1')],
  ['intranet.example', at('10.1.2.3')],
  ['mixed.example', at('93.184.216.34', '127.0.0.1')],
  ['mixed-last.example', at('2606:4700::1111', '93.184.216.34', '::1')],
  ['mapped.example', at('::ffff:127.0.0.1')],
  ['nat64.example', at('64:ff9b::7f00:1')],
  ['zoned.example', at('fe80::1%lo')],
  ['nonsense.example', at('127.1')],
  ['unspecified.example', at('0.0.0.0')],
];

let server: Server;
let port: number;
/** Which of its addresses were connected to, and how many requests came. */
let reached: (string | undefined)[];
let requests: number;
let answer: RequestListener;

beforeAll(async () => {
  server = createServer((request, response) => {
    requests += 1;
    answer(request, response);
  });
  server.on('connection', ({ localAddress }) => reached.push(localAddress));
  server.on('clientError', (_error, socket) => socket.destroy());
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  reached = [];
  requests = 0;
  answer = (_request, response) => void response.end('{}');
});

const send = (url: string, networks: readonly string[], options: OutboundOptions = {}) =>
  new OutboundClient(new AddressGuard(networks), { deadlineMs: 5_000, ...options }).send({
    method: 'POST',
    url: url.replace('P', String(port)),
    headers: { authorization: 'Bearer one-shot' },
    body: 'refresh_token=one-shot',
  });

const coded = (coding: string, body: Buffer) => (response: ServerResponse) =>
  void response.writeHead(200, { 'content-encoding': coding }).end(body);
const dripping = (write: () => void, response: ServerResponse) => {
  const timer = setInterval(write, 10);
  response.on('close', () => clearInterval(timer));
};
const headOf = (response: ServerResponse, text: string) => response.socket?.write(text);

describe('hosts inside', () => {
  it.each(LITERALS)('should not be reached by a literal: %s', async (_what, url) => {
    expect(await send(url, [])).toEqual(REFUSED);
    expect(reached).toEqual([]);
  });

  it.each(NAMES)('should not be reached by the name %s', async (name, addresses) => {
    expect(await send(`https://${name}:P/`, [], { resolve: async () => addresses })).toEqual(REFUSED);
    expect(reached).toEqual([]);
  });

  it('should not be reached by a name of this machine, asked of the real resolver', async () => {
    expect(await send('https://localhost:P/', [])).toEqual(REFUSED);
    expect(reached).toEqual([]);
  });

  it('should not be taken for the user that a backslash makes of the host', async () => {
    const asked: string[] = [];
    const resolve = async (name: string) => {
      asked.push(name);
      throw new Error('ENOTFOUND');
    };

    expect(await send('https://provider.example\\@127.0.0.1:P/', [], { resolve })).toMatchObject({
      reason: 'dns_failure',
    });
    expect(asked).toEqual(['provider.example']);
    expect(reached).toEqual([]);
  });
});

describe('a name that is bound anew', () => {
  const OUTSIDE = ['127.0.0.1/32'];

  it('should be resolved once for each request, and go where that was checked', async () => {
    const answers = [at('127.0.0.1'), at('127.0.0.2'), at('127.0.0.1', '127.0.0.2')];
    const resolve = async () => answers.shift() ?? [];

    expect(await send('http://rebind.example:P/', OUTSIDE, { resolve })).toMatchObject({ status: 200 });
    expect(answers).toHaveLength(2);
    expect(await send('http://rebind.example:P/', OUTSIDE, { resolve })).toEqual(REFUSED);
    expect(await send('http://rebind.example:P/', OUTSIDE, { resolve })).toEqual(REFUSED);
    expect(reached).toEqual(['127.0.0.1']);
    expect(requests).toBe(1);
  });
});

describe('an answer that sends elsewhere', () => {
  it.each([301, 302, 303, 307, 308])('should not be followed: %i', async (status) => {
    answer = (_request, response) =>
      void response.writeHead(status, { location: `http://127.0.0.2:${port}/`, refresh: '0; url=/' }).end();

    expect(await send('http://127.0.0.1:P/', ['127.0.0.0/8'])).toMatchObject({ status });
    expect(reached).toEqual(['127.0.0.1']);
    expect(requests).toBe(1);
  });
});

describe('an answer that is meant to exhaust', () => {
  const TIMEOUT = { kind: 'unknown', reason: 'timeout' };
  const NEVER_BEGUN = { kind: 'unknown', status: null, reason: 'answer_too_large' };
  const TOO_LARGE = { kind: 'unknown', status: 200, reason: 'answer_too_large' };
  const CASES: readonly (readonly [string, Expected, (response: ServerResponse) => void])[] = [
    ['of 10 MB', TOO_LARGE, (response) => void response.end(Buffer.alloc(10_000_000, 'a'))],
    ['without an end', TOO_LARGE, (response) => dripping(() => response.write(Buffer.alloc(20_000, 'a')), response)],
    ['packed with gzip', TOO_LARGE, coded('gzip', gzipSync(Buffer.alloc(10_000_000)))],
    ['packed with brotli', TOO_LARGE, coded('br', brotliCompressSync(Buffer.alloc(10_000_000)))],
    ['packed in an unknown way', { reason: 'unreadable_answer' }, coded('exi', Buffer.from('{}'))],
    ['byte by byte', TIMEOUT, (response) => dripping(() => response.write('a'), response)],
    [
      'with headers byte by byte',
      { ...TIMEOUT, status: null },
      (response) => {
        headOf(response, 'HTTP/1.1 200 OK\r\nx: ');
        dripping(() => headOf(response, 'a'), response);
      },
    ],
    ['that never begins', { ...TIMEOUT, status: null }, () => undefined],
    [
      'with headers without an end',
      NEVER_BEGUN,
      (response) => dripping(() => headOf(response, `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(10_000)}`), response),
    ],
  ];

  it.each(CASES)('should be given up: one %s', async (_what, expected, respond) => {
    answer = (_request, response) => respond(response);

    const deadlineMs = expected.reason === 'timeout' ? 300 : 5000;

    expect(await send('http://127.0.0.1:P/', ['127.0.0.0/8'], { deadlineMs })).toMatchObject(expected);
    expect(requests).toBe(1);
  });

  it('should be unpacked where it is packed without being asked to, for what it holds may exist nowhere else', async () => {
    answer = (request, response) => {
      expect(request.headers['accept-encoding']).toBe('identity');
      coded('gzip', gzipSync('{"refresh_token":"next"}'))(response);
    };

    expect(await send('http://127.0.0.1:P/', ['127.0.0.0/8'])).toMatchObject({ body: '{"refresh_token":"next"}' });
  });
});
