import { afterEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { inPackage } from '@app/common';
import { AddressGuard, OutboundClient, type OutboundOptions, type SendOptions } from '@app/providers';
import { EXPIRED_CA, LEAF, LEAF_KEY, PRIVATE_CA } from '../support/certificates.js';

const TLS_FAILURE = { kind: 'not_sent', status: null, reason: 'tls_failure' };

const send = (url: string, { ca, ...options }: OutboundOptions & SendOptions = {}) =>
  new OutboundClient(new AddressGuard(['127.0.0.0/8']), { deadlineMs: 5_000, ...options }).send(
    { method: 'GET', url, headers: {} },
    { ca },
  );

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

    expect(await send(`https://localhost:${port}/`, { resolve: toLoopback, ca: PRIVATE_CA })).toMatchObject({
      status: 200,
      body: 'secure',
    });
    expect(await send(`https://127.0.0.1:${port}/`, { ca: PRIVATE_CA })).toMatchObject({ status: 200 });
  });

  it('should refuse a certificate that nobody vouches for', async () => {
    const port = await listen();

    expect(await send(`https://127.0.0.1:${port}/`)).toEqual(TLS_FAILURE);
    expect(requests).toBe(0);
  });

  it('should trust a private CA for the request that names it only, and none that did not issue the certificate', async () => {
    const port = await listen();

    expect(await send(`https://127.0.0.1:${port}/`, { ca: `${EXPIRED_CA}\n${PRIVATE_CA}` })).toMatchObject({
      status: 200,
    });
    expect(await send(`https://127.0.0.1:${port}/`)).toEqual(TLS_FAILURE);
    expect(await send(`https://127.0.0.1:${port}/`, { ca: EXPIRED_CA })).toEqual(TLS_FAILURE);
    expect(await send(`https://127.0.0.1:${port}/`, { ca: 'nonsense' })).toEqual(TLS_FAILURE);
    expect(requests).toBe(1);
  });

  it('should trust a private CA beside the authorities that are trusted anyway, not in their place', async () => {
    const port = await listen();
    const file = join(await mkdtemp(join(tmpdir(), 'claviger-ca-')), 'extra.pem');
    await writeFile(file, PRIVATE_CA);
    const script = `
      const { AddressGuard } = await import(process.argv[1] + '/address-guard.js');
      const { OutboundClient } = await import(process.argv[1] + '/outbound.client.js');
      const client = new OutboundClient(new AddressGuard(['127.0.0.0/8']));
      const request = { method: 'GET', url: 'https://127.0.0.1:${port}/', headers: {} };
      console.log((await client.send(request, { ca: process.argv[2] })).status);`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', script, inPackage('dist', 'libs', 'providers', 'src', 'outbound'), EXPIRED_CA],
      { env: { ...process.env, NODE_EXTRA_CA_CERTS: file, NODE_OPTIONS: '' } },
    );
    await rm(dirname(file), { recursive: true });

    expect(stdout).toBe('200\n');
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

    const failure = await send(`https://other.example:${port}/`, { resolve: toLoopback, ca: PRIVATE_CA });

    expect(failure).toEqual(TLS_FAILURE);
    expect(requests).toBe(0);
  });

  it('should refuse TLS older than 1.2', async () => {
    const port = await listen({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });

    expect(await send(`https://127.0.0.1:${port}/`, { ca: PRIVATE_CA })).toEqual(TLS_FAILURE);
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
    server = createServer({ key: LEAF_KEY, cert: LEAF, ...options }, (_request, response) => {
      requests += 1;
      response.end('secure');
    });
    return portOf(server);
  }
});
