import { AddressGuard, OutboundClient } from '@app/providers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';

const request = (url: string) =>
  ({ method: 'POST', url, headers: { 'content-type': 'text/plain' }, body: 'refresh_token=one-shot' }) as const;

describe('the last word before the first byte', () => {
  const servers: Server[] = [];

  afterEach(() => {
    servers.splice(0).forEach((server) => server.close());
  });

  /** A server that counts the bytes it is sent; `ended` resolves when its one connection is closed. */
  async function listen() {
    const received: Buffer[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        received.push(chunk);
        socket.end(ANSWER);
      });
    });
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    const ended = once(server, 'connection').then(([socket]) => once(socket, 'close'));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`, received, ended };
  }

  const client = new OutboundClient(new AddressGuard(['127.0.0.0/8']));

  it('should be asked once, after the connection stands, and let the whole request through', async () => {
    const { url, received } = await listen();
    const asked: string[] = [];
    const onConnected = () => asked.push('connected') > 0;
    const mayWrite = () => asked.push('write') > 0;
    expect(await client.send(request(url), { onConnected, mayWrite })).toMatchObject({ status: 200, body: '{}' });
    expect(asked).toEqual(['connected', 'write']);
    expect(Buffer.concat(received).toString()).toMatch(/^POST \/token[^]+refresh_token=one-shot$/);
  });

  it('should send not a byte where the right has lapsed since the connection stood, and say that nothing was sent', async () => {
    const { url, received, ended } = await listen();
    expect(await client.send(request(url), { onConnected: () => true, mayWrite: () => false })).toEqual({
      kind: 'not_sent',
      status: null,
      reason: 'abandoned_before_send',
    });
    await ended;
    expect(received).toEqual([]);
  });
});
