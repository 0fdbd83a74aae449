import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { AddressGuard, OutboundClient, type OutboundOptions } from '@app/providers';

/** A certificate for localhost and 127.0.0.1 that nobody trusts unless told to; valid from 2020 to 2120. */
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqKGjcJnwRC7INtwK
vcVIl9ki0EJ17jsJsv2AZIWKceuhRANCAAQQWIJiIBAQIXO6HtLWsGemrawYt9O1
7pDyeKexZNr40EDYAsSzQuwzm1mW/SC+I/g6enwDkcXe6eCK0TK1l+4H
-----END PRIVATE KEY-----`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBZzCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBBYgmIgEBAhc7oe
0tawZ6atrBi307XukPJ4p7Fk2vjQQNgCxLNC7DObWZb9IL4j+Dp6fAORxd7p4IrR
MrWX7gejTjBMMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAPBgNVHRMBAf8E
BTADAQH/MB0GA1UdDgQWBBThgpgSsgi2DDwd93YN21WVlwYXBzAKBggqhkjOPQQD
AgNIADBFAiAbLWeu4Y22sqLXltSvso0vZfZrX4BuB+9GiKD6WN+CJAIhAIZ9zQps
k00CoR7bxye7LyiesbkohB1tthYTTvlqY2Rk
-----END CERTIFICATE-----`;
const TLS_FAILURE = { kind: 'not_sent', status: null, reason: 'tls_failure' };

const send = (url: string, options: OutboundOptions = {}) =>
  new OutboundClient(new AddressGuard(['127.0.0.0/8']), { deadlineMs: 5_000, ...options }).send({
    method: 'GET',
    url,
    headers: {},
  });

const toLoopback = async () => [{ address: '127.0.0.1', family: 4 }];

async function portOf(listening: Server | TcpServer): Promise<number> {
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return (listening.address() as AddressInfo).port;
}

describe('outbound TLS', () => {
  let server: Server | TcpServer;
  let requests: number;

  afterEach(async () => {
    server.close();
    await once(server, 'close');
  });

  it('should speak to a server whose certificate is trusted', async () => {
    const port = await listen();

    expect(await send(`https://localhost:${port}/`, { resolve: toLoopback, ca: CERTIFICATE })).toMatchObject({
      status: 200,
      body: 'secure',
    });
    expect(await send(`https://127.0.0.1:${port}/`, { ca: CERTIFICATE })).toMatchObject({ status: 200 });
  });

  it('should refuse a certificate that nobody vouches for', async () => {
    const port = await listen();

    expect(await send(`https://127.0.0.1:${port}/`)).toEqual(TLS_FAILURE);
    expect(requests).toBe(0);
  });

  it('should refuse it also where the environment turns verification off', async () => {
    const port = await listen();
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      expect(await send(`https://127.0.0.1:${port}/`)).toEqual(TLS_FAILURE);
      expect(requests).toBe(0);
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
  });

  it('should refuse the certificate of another host', async () => {
    const port = await listen();

    const failure = await send(`https://other.example:${port}/`, { resolve: toLoopback, ca: CERTIFICATE });

    expect(failure).toEqual(TLS_FAILURE);
    expect(requests).toBe(0);
  });

  it('should refuse TLS older than 1.2', async () => {
    const port = await listen({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });

    expect(await send(`https://127.0.0.1:${port}/`, { ca: CERTIFICATE })).toEqual(TLS_FAILURE);
  });

  it('should refuse a server that speaks no TLS', async () => {
    server = createTcpServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('HTTP/1.1 200 OK\r\n\r\n'),
    );

    expect(await send(`https://127.0.0.1:${await portOf(server)}/`)).toEqual(TLS_FAILURE);
  });

  it('should give up a handshake that hangs', async () => {
    server = createTcpServer((socket) => void socket.on('error', () => undefined).resume());

    expect(await send(`https://127.0.0.1:${await portOf(server)}/`, { connectTimeoutMs: 30 })).toEqual({
      ...TLS_FAILURE,
      reason: 'connect_timeout',
    });
  });

  async function listen(options: object = {}): Promise<number> {
    requests = 0;
    server = createServer({ key: KEY, cert: CERTIFICATE, ...options }, (_request, response) => {
      requests += 1;
      response.end('secure');
    });
    return portOf(server);
  }
});
