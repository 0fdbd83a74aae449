import { AddressGuard, OutboundClient, type OutboundRequest, type SendOptions } from '@app/providers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { LEAF, LEAF_KEY, PRIVATE_CA } from '../support/certificates.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n';
const KEEP = { keepAlive: true };

interface HttpAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly slowly?: boolean;
}

/** A third party, as HTTP or as bytes. Its HTTP answers say how many requests came over their connection. */
class Provider {
  connections = 0;
  readonly sockets: Socket[] = [];
  /** Of each request its `connection` header; of bytes the first line. */
  readonly heads: (string | undefined)[] = [];
  readonly #servers: (Server | TcpServer)[] = [];

  async http(answer: HttpAnswer = {}) {
    return this.#listen('http', createServer(this.#listener(answer)));
  }

  async https() {
    return this.#listen('https', createTlsServer({ key: LEAF_KEY, cert: LEAF }, this.#listener({})));
  }

  /** Says `answers[n]` to what comes n-th over a connection; a text is written as it is. */
  async raw(...answers: readonly (string | ((socket: Socket) => void))[]) {
    const server = createTcpServer((socket) => {
      let asked = 0;
      socket
        .on('error', () => undefined)
        .on('data', (chunk) => {
          this.heads.push(String(chunk).split('\r\n', 1)[0]);
          const answer = answers[asked] ?? '';
          asked += 1;
          void (typeof answer === 'string' ? socket.write(answer) : answer(socket));
        });
    });
    return this.#listen('http', server);
  }

  close(): void {
    this.sockets.forEach((socket) => socket.destroy());
    this.#servers.forEach((server) => server.close());
  }

  #listener({ status = 200, headers = {}, slowly = false }: HttpAnswer): RequestListener {
    const counts = new Map<Socket, number>();
    const answer: RequestListener = async ({ socket, headers: { connection } }, response) => {
      const count = (counts.get(socket) ?? 0) + 1;
      counts.set(socket, count);
      this.heads.push(connection);
      await (slowly ? pause(50) : undefined);
      response.writeHead(status, headers).end(`${count}`);
    };
    return answer;
  }

  async #listen(scheme: string, server: Server | TcpServer): Promise<string> {
    this.#servers.push(server);
    server.on(scheme === 'https' ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.connections += 1;
      this.sockets.push(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  }
}

/** Both ends see what became of a connection a moment after its answer. */
const settled = () => pause(50);

const to = (url: string): OutboundRequest => ({ method: 'POST', url, headers: {}, body: 'which=one' });

describe('connections that stand', () => {
  let provider: Provider;

  beforeEach(() => {
    provider = new Provider();
  });

  afterEach(() => provider.close());

  const client = new OutboundClient(new AddressGuard(['127.0.0.0/8']), { deadlineMs: 5_000 });
  const send = (url: string, options: SendOptions = KEEP) => client.send(to(url), options);

  it('should carry one request after the other, where they may', async () => {
    const url = await provider.http();

    expect(await send(url)).toMatchObject({ status: 200, body: '1' });
    expect(await send(url)).toMatchObject({ status: 200, body: '2' });
    expect(await send(url)).toMatchObject({ status: 200, body: '3' });
    expect(provider.connections).toBe(1);
    expect(provider.heads).toEqual(['keep-alive', 'keep-alive', 'keep-alive']);
  });

  it('should carry nothing that may not, and not stand after it', async () => {
    const url = await provider.http();
    await send(url);

    expect(await send(url, {})).toMatchObject({ body: '1' });
    expect(await send(url, {})).toMatchObject({ body: '1' });
    expect(provider.connections).toBe(3);
    expect(provider.heads).toEqual(['keep-alive', 'close', 'close']);
    expect(await send(url)).toMatchObject({ body: '2' });
  });

  it('should carry one at a time', async () => {
    const url = await provider.http({ slowly: true });

    const first = await Promise.all([send(url), send(url), send(url)]);
    const second = await Promise.all([send(url), send(url), send(url)]);

    expect(first).toEqual([1, 1, 1].map((count) => expect.objectContaining({ body: `${count}` })));
    expect(second).toEqual([2, 2, 2].map((count) => expect.objectContaining({ body: `${count}` })));
    expect(provider.connections).toBe(3);
  });

  it('should be of one origin', async () => {
    const url = await provider.http();
    const elsewhere = await provider.http();

    expect([await send(url), await send(elsewhere), await send(url), await send(elsewhere)]).toEqual(
      [1, 1, 2, 2].map((count) => expect.objectContaining({ body: `${count}` })),
    );
  });

  it('should need one handshake, and be of those who trust the same authorities', async () => {
    const url = await provider.https();
    const trusting = { ...KEEP, ca: PRIVATE_CA };

    expect(await send(url, trusting)).toMatchObject({ body: '1' });
    expect(await send(url, trusting)).toMatchObject({ body: '2' });
    expect(await send(url)).toMatchObject({ kind: 'not_sent', reason: 'tls_failure' });
    expect(await send(url, { ...KEEP, ca: `${PRIVATE_CA}\n` })).toMatchObject({ body: '1' });
    expect(provider.connections).toBe(2);
  });

  it('should be of addresses that may be gone to', async () => {
    const url = await provider.http();
    await send(url);

    expect(await send(url.replace('//', '//user:password@'))).toMatchObject({ reason: 'address_refused' });
    expect(provider.heads).toHaveLength(1);
  });

  it.each([
    ['an answer that is none of success', { status: 400 }],
    ['an answer that says so', { headers: { connection: 'close' } }],
  ])('should not stand after %s', async (_what, answer) => {
    const url = await provider.http(answer);

    expect([await send(url), await send(url)]).toEqual([1, 1].map(() => expect.objectContaining({ body: '1' })));
    expect(provider.connections).toBe(2);
  });

  it('should be left where the provider has ended it meanwhile: another one is opened', async () => {
    const url = await provider.http();
    await send(url);
    const [socket] = provider.sockets as [Socket];
    socket.destroy();
    await once(socket, 'close');

    // The end of it may be on its way still, or here and not looked at yet.
    expect(await send(url)).toMatchObject({ status: 200, body: '1' });
    provider.sockets.forEach((standing) => standing.end());
    await settled();
    expect(await send(url)).toMatchObject({ status: 200, body: '1' });
    expect(provider.connections).toBe(3);
  });

  it('should be closed by what comes unasked, so that no answer is taken for that of another request', async () => {
    const late = (socket: Socket): void => {
      socket.write(`${OK}{}`);
      setTimeout(() => socket.write(`${OK}##`), 10);
    };
    const url = await provider.raw(late);
    const atOnce = await provider.raw(`${OK}{}${OK}##`);

    expect(await send(url)).toMatchObject({ body: '{}' });
    await settled();
    expect(await send(url)).toMatchObject({ body: '{}' });
    expect(await send(atOnce)).toMatchObject({ body: '{}' });
    expect(await send(atOnce)).toMatchObject({ body: '{}' });
    expect(provider.connections).toBe(4);
  });

  it('should leave unknown what they lost, and not repeat it', async () => {
    const url = await provider.raw(`${OK}{}`, (socket) => socket.destroy());

    expect(await send(url)).toMatchObject({ body: '{}' });
    expect(await send(url)).toEqual({ kind: 'unknown', status: null, reason: 'connection_reset' });
    expect(provider.heads).toHaveLength(2);
  });

  it('should not stand after a deadline: what comes late is nobody’s', async () => {
    const late = (socket: Socket): void => void setTimeout(() => socket.write(`${OK}##`), 150);
    const url = await provider.raw(`${OK}{}`, late);
    await send(url);

    expect(await send(url, { ...KEEP, deadlineMs: 50 })).toMatchObject({ kind: 'unknown', reason: 'timeout' });
    expect(await send(url)).toMatchObject({ body: '{}' });
    expect(provider.connections).toBe(2);
  });

  it('should have the last words asked for each request, and send not a byte where one says no', async () => {
    const url = await provider.http();
    const asked: string[] = [];
    const said = (what: string, answer: boolean) => () => asked.push(what) > 0 && answer;
    const words = (onConnected: boolean, mayWrite: boolean) => ({
      ...KEEP,
      onConnected: said('connected', onConnected),
      mayWrite: said('write', mayWrite),
    });
    await send(url, words(true, true));

    expect(await send(url, words(true, true))).toMatchObject({ body: '2' });
    expect(await send(url, words(false, true))).toMatchObject({ kind: 'not_sent', reason: 'abandoned_before_send' });
    await send(url);
    expect(await send(url, words(true, false))).toMatchObject({ kind: 'not_sent', reason: 'abandoned_before_send' });
    expect(asked.join(' ')).toBe('connected write connected write connected connected write');
    expect(provider.heads).toHaveLength(3);
  });

  it('should be closed when nobody uses them', async () => {
    const url = await provider.http();
    await send(url);
    const [socket] = provider.sockets as [Socket];

    expect(socket.destroyed).toBe(false);
    await once(socket, 'close');
    expect(await send(url)).toMatchObject({ body: '1' });
  });
});
