import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What follows the statement before its answer is answered within this time, too, and just as lost. */
const ANSWERED_MS = 200;

/**
 * Where a connection breaks: `before` the statement reaches the server, right `behind` it, or when its answer, which comes after
 * the commit, is on its way: that answer is `lost`, with those of what was sent behind the statement.
 */
export type Cut = 'before' | 'behind' | 'lost';

/** Stands between a client and Postgres, and breaks connections at one statement. */
export class CuttingProxy {
  #cut: Cut | undefined;
  /** How many connections it broke. */
  cuts = 0;

  private constructor(
    private readonly server: Server,
    private readonly port: number,
    private readonly statement: string,
  ) {}

  /** One in front of a server; `statement` is the name of the prepared statement that it waits for. */
  static async open(url: string, statement: string): Promise<CuttingProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new CuttingProxy(server, Number(new URL(url).port), statement);
    server.on('connection', (socket) => proxy.#welcome(socket));
    return proxy;
  }

  /** A connection string that leads through it. */
  inFrontOf(url: string): string {
    const { port } = this.server.address() as AddressInfo;
    return Object.assign(new URL(url), { port: String(port) }).href;
  }

  /** Breaks the next connection that sends the statement. */
  breakNext(cut: Cut): void {
    this.#cut = cut;
  }

  /** To be called when no client is left. */
  async close(): Promise<void> {
    this.server.close();
    await once(this.server, 'close');
  }

  #welcome(client: Socket): void {
    const server = connect(this.port, '127.0.0.1');
    let losing = false;
    let answered: NodeJS.Timeout | undefined;
    const end = (): void => {
      clearTimeout(answered);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.once('close', end);
    }
    client.on('data', (chunk) => {
      const cut = chunk.includes(this.statement) ? this.#take() : undefined;
      losing ||= cut === 'lost';
      if (cut === 'before') {
        end();
      } else {
        server.write(chunk, cut === 'behind' ? end : undefined);
      }
    });
    server.on('data', (chunk) => {
      if (losing) {
        clearTimeout(answered);
        answered = setTimeout(end, ANSWERED_MS);
      } else {
        client.write(chunk);
      }
    });
  }

  #take(): Cut | undefined {
    const cut = this.#cut;
    this.#cut = undefined;
    this.cuts += cut === undefined ? 0 : 1;
    return cut;
  }
}
