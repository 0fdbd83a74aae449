import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { AddressGuard, OutboundClient, type OutboundOptions, type OutboundRequest, type Resolve } from '@app/providers';

const LOOPBACK = ['127.0.0.0/8'];
const toLoopback = { address: '127.0.0.1', family: 4 };
const toPublic = { address: '93.184.216.34', family: 4 };

const client = (options: OutboundOptions = {}, networks = LOOPBACK): OutboundClient =>
  new OutboundClient(new AddressGuard(networks), { deadlineMs: 5_000, ...options });

const get = (port: number, host = '127.0.0.1'): OutboundRequest => {
  return { method: 'GET', url: `http://${host}:${port}/`, headers: {} };
};

describe(OutboundClient.name, () => {
  const closing: (() => void)[] = [];

  afterEach(() => {
    closing.splice(0).forEach((close) => close());
  });

  it('should send the request as it is and return the whole answer', async () => {
    const { port, requests } = await listen(async (request, response) => {
      const body = await text(request);
      response.setHeader('Content-Type', 'Application/JSON; charset=utf-8').setHeader('Retry-After', '5');
      response.writeHead(429).end(`${request.method} ${request.url} ${request.headers['x-api-key']} ${body}`);
    });

    const answer = await client().send({
      method: 'POST',
      url: `http://127.0.0.1:${port}/v1/tokens?ttl=900`,
      headers: { 'x-api-key': 'key', 'content-type': 'text/plain' },
      body: 'hellö',
    });

    expect(answer).toEqual({
      status: 429,
      contentType: 'application/json',
      retryAfter: '5',
      body: 'POST /v1/tokens?ttl=900 key hellö',
    });
    expect(requests()).toBe(1);
  });

  it('should open a connection of its own for each request', async () => {
    const { port, connections } = await listen((_request, response) => void response.end('{}'));
    const sut = client();

    await sut.send(get(port));
    await sut.send(get(port));

    expect(connections()).toBe(2);
  });

  it('should leave a redirect to whoever reads the answer', async () => {
    const { port, requests } = await listen((_request, response) => {
      response.writeHead(302, { location: '/elsewhere' }).end();
    });

    expect(await client().send(get(port))).toMatchObject({ status: 302 });
    expect(requests()).toBe(1);
  });

  describe('addresses', () => {
    it('should refuse a loopback literal that is not allowed without connecting', async () => {
      const { port, connections } = await listen((_request, response) => void response.end());

      const failure = await client({}, []).send({ ...get(port), url: `https://127.0.0.1:${port}/` });

      expect(failure).toEqual({ kind: 'misconfigured', status: null, reason: 'address_refused' });
      expect(connections()).toBe(0);
    });

    it('should refuse a name when one of its addresses is not public', async () => {
      const { port, connections } = await listen((_request, response) => void response.end());
      const resolve = jest.fn<Resolve>().mockResolvedValue([toPublic, toLoopback]);

      const failure = await client({ resolve }, []).send({ ...get(port), url: `https://rebind.example:${port}/` });

      expect(failure).toMatchObject({ kind: 'misconfigured', reason: 'address_refused' });
      expect(connections()).toBe(0);
    });

    it('should refuse a peer that is not among the checked addresses', async () => {
      const { port, requests } = await listen((_request, response) => void response.end());
      const guard = new AddressGuard(LOOPBACK);
      jest.spyOn(guard, 'allowsAddress').mockReturnValueOnce(true).mockReturnValueOnce(false);
      const sut = new OutboundClient(guard, { resolve: async () => [toLoopback] });

      expect(await sut.send(get(port, 'provider.example'))).toMatchObject({ reason: 'address_refused' });
      expect(requests()).toBe(0);
    });

    it('should connect to the addresses that were checked and ask for the name only once', async () => {
      const { port } = await listen((_request, response) => void response.end('{}'));
      const resolve = jest.fn<Resolve>().mockResolvedValue([toLoopback]);

      expect(await client({ resolve }).send({ ...get(port), url: `http://provider.example:${port}/` })).toMatchObject({
        status: 200,
      });
      expect(resolve.mock.calls).toEqual([['provider.example']]);
    });

    it.each(['not a url', 'http://user:pass@127.0.0.1/', 'ftp://127.0.0.1/'])('should refuse %s', async (url) => {
      expect(await client().send({ method: 'GET', url, headers: {} })).toMatchObject({ reason: 'address_refused' });
    });
  });

  describe('before a byte was sent', () => {
    it.each([
      ['that does not resolve', jest.fn<Resolve>().mockRejectedValue(new Error('getaddrinfo ENOTFOUND'))],
      ['without addresses', jest.fn<Resolve>().mockResolvedValue([])],
    ])('should say dns_failure for a name %s', async (_what, resolve) => {
      const failure = await client({ resolve }).send(get(1, 'nowhere.example'));

      expect(failure).toEqual({ kind: 'not_sent', status: null, reason: 'dns_failure' });
    });

    it('should say connect_timeout for a name server that never answers', async () => {
      const resolve = jest.fn<Resolve>().mockReturnValue(new Promise(() => undefined));

      expect(await client({ resolve, connectTimeoutMs: 20 }).send(get(1, 'slow.example'))).toEqual({
        kind: 'not_sent',
        status: null,
        reason: 'connect_timeout',
      });
    });

    it('should say connect_failed where nobody listens', async () => {
      const { port, close } = await listen((_request, response) => void response.end());
      close();

      expect(await client().send(get(port))).toEqual({ kind: 'not_sent', status: null, reason: 'connect_failed' });
    });

    it('should send nothing when the caller calls it off', async () => {
      const { port, requests, connections } = await listen((_request, response) => void response.end());

      expect(await client().send(get(port), { onConnected: () => false })).toEqual({
        kind: 'not_sent',
        status: null,
        reason: 'abandoned_before_send',
      });
      expect(connections()).toBe(1);
      expect(requests()).toBe(0);
    });

    it('should refuse a header that cannot be sent without repeating it', async () => {
      const { port, requests } = await listen((_request, response) => void response.end());

      const failure = await client().send({ ...get(port), headers: { authorization: 'Bearer canary\r\nx: y' } });

      expect(failure).toEqual({ kind: 'misconfigured', status: null, reason: 'unusable_credential' });
      expect(requests()).toBe(0);
    });
  });

  describe('after the connection stood', () => {
    it('should say timeout when no answer comes', async () => {
      const { port } = await listen(() => undefined);

      expect(await client({ deadlineMs: 200 }).send(get(port))).toEqual({
        kind: 'unknown',
        status: null,
        reason: 'timeout',
      });
    });

    it('should say timeout when the answer never ends', async () => {
      const { port } = await listen((_request, response) => void response.write('{"access_token":'));

      expect(await client().send(get(port), { deadlineMs: 200 })).toEqual({
        kind: 'unknown',
        status: 200,
        reason: 'timeout',
      });
    });

    it('should say connection_reset when the connection breaks before the answer', async () => {
      const { port, requests } = await listen((request) => void request.socket.resetAndDestroy());

      expect(await client().send(get(port))).toEqual({ kind: 'unknown', status: null, reason: 'connection_reset' });
      expect(requests()).toBe(1);
    });

    it('should say connection_reset for an answer that is cut short', async () => {
      const { port } = await listen((request, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('{"access_token":"abc"}', () => request.socket.end());
      });

      expect(await client().send(get(port))).toEqual({ kind: 'unknown', status: 200, reason: 'connection_reset' });
    });

    it('should stop reading an answer that is too large', async () => {
      const { port } = await listen((_request, response) => void response.end(Buffer.alloc(10_000_000, 'a')));

      expect(await client().send(get(port))).toEqual({ kind: 'unknown', status: 200, reason: 'answer_too_large' });
    });

    it('should read an answer of just 64 kB', async () => {
      const { port } = await listen((_request, response) => void response.end(Buffer.alloc(65_536, 'a')));

      expect(await client().send(get(port))).toMatchObject({ status: 200, body: 'a'.repeat(65_536) });
    });

    it.each([
      ['is no HTTP', 'hello canary\r\n\r\n', 'unreadable_answer'],
      ['has endless headers', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(10_000)}`, 'answer_too_large'],
    ])('should survive an answer that %s', async (_what, bytes, reason) => {
      const { port } = await listenTcp((socket) => socket.once('data', () => socket.end(bytes)));

      expect(await client().send(get(port))).toEqual({ kind: 'unknown', status: null, reason });
    });
  });

  const listen = (listener: RequestListener) => count(createServer(listener));

  async function count(server: Server) {
    let connections = 0;
    let requests = 0;
    server.on('connection', () => (connections += 1)).on('request', () => (requests += 1));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const close = () => {
      server.closeAllConnections();
      server.close();
    };
    closing.push(close);
    const { port } = server.address() as AddressInfo;
    return { port, close, connections: () => connections, requests: () => requests };
  }

  async function listenTcp(listener: (socket: Socket) => void) {
    const sockets: Socket[] = [];
    const server = createTcpServer((socket) => {
      sockets.push(socket.on('error', () => undefined));
      listener(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => {
      sockets.forEach((socket) => socket.destroy());
      server.close();
    });
    return { port: (server.address() as AddressInfo).port };
  }
});
