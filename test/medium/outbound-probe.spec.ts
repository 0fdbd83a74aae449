import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { AddressGuard, OutboundClient, type OutboundOptions } from '@app/providers';

const client = (options: OutboundOptions = {}, networks: readonly string[] = ['127.0.0.0/8']): OutboundClient =>
  new OutboundClient(new AddressGuard(networks), options);

const unknownName = () => Promise.reject(new Error('ENOTFOUND'));

describe('OutboundClient.probe', () => {
  const servers: Server[] = [];

  afterEach(() => {
    servers.splice(0).forEach((server) => server.close());
  });

  it('should find that a connection stands, and close it with not a byte sent', async () => {
    const { port, received, closed, connections } = await listen();

    expect(await client().probe(`http://127.0.0.1:${port}/token?a=b`)).toBeUndefined();

    await closed;
    expect(received()).toBe(0);
    expect(connections()).toBe(1);
  });

  it('should say that nobody listens', async () => {
    const { port, close } = await listen();
    await close();

    expect(await client().probe(`http://127.0.0.1:${port}/`)).toEqual({
      kind: 'not_sent',
      status: null,
      reason: 'connect_failed',
    });
  });

  it('should say that the handshake fails, or does not end in time', async () => {
    const { port } = await listen((bytes) => bytes > 0);

    expect(await client().probe(`https://127.0.0.1:${port}/`)).toMatchObject({ reason: 'tls_failure' });
    expect(await client({ connectTimeoutMs: 100 }).probe(`https://127.0.0.1:${(await listen()).port}/`)).toMatchObject({
      reason: 'connect_timeout',
    });
  });

  it('should say that the name is not known', async () => {
    expect(await client({ resolve: unknownName }).probe('http://provider.example/')).toMatchObject({
      reason: 'dns_failure',
    });
  });

  it.each(['http://127.0.0.1/', 'https://10.0.0.1/', 'not a url', 'https://u@provider.example/'])(
    'should not try %s where that is not allowed',
    async (url) => {
      expect(await client({}, []).probe(url)).toEqual({
        kind: 'misconfigured',
        status: null,
        reason: 'address_refused',
      });
    },
  );

  /** A server that counts what arrives and hangs up once `enough` of it has. */
  async function listen(enough: (bytes: number) => boolean = () => false) {
    let bytes = 0;
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.on('error', () => undefined);
      socket.on('data', ({ length }) => {
        bytes += length;
        if (enough(bytes)) {
          socket.destroy();
        }
      });
    }).listen(0, '127.0.0.1');
    servers.push(server);
    const closed = once(server, 'connection').then(([socket]) => once(socket as Socket, 'close'));
    await once(server, 'listening');
    return {
      port: (server.address() as AddressInfo).port,
      received: () => bytes,
      connections: () => connections,
      closed,
      close: () => new Promise<void>((resolve) => server.close(() => resolve())),
    };
  }
});
