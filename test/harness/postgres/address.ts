import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** An address that outlives the server behind it, as a load balancer or a DNS name does: brokers keep it while servers change. */
export class Address {
  readonly #sockets = new Set<Socket>();
  #target: number | undefined;

  private constructor(private readonly server: Server) {}

  static async open(): Promise<Address> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = new Address(server);
    server.on('connection', (socket) => address.#welcome(socket));
    return address;
  }

  /** A connection string with this address in the place of its server's. */
  inFrontOf(url: string): string {
    const { port } = this.server.address() as AddressInfo;
    return Object.assign(new URL(url), { port: String(port) }).href;
  }

  /** From now on connections lead to the server of this connection string; those that stand end. */
  leadTo(url: string): void {
    this.#target = Number(new URL(url).port);
    this.#cut();
  }

  /** Connections that stand carry nothing more, and nobody is told: as where a machine loses its power. New ones are as ever. */
  silence(): void {
    this.#sockets.forEach((socket) => socket.unpipe().resume());
  }

  async close(): Promise<void> {
    this.#cut();
    this.server.close();
    await once(this.server, 'close');
  }

  #welcome(client: Socket): void {
    const server = connect(this.#target ?? 0, '127.0.0.1');
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => undefined);
      one.once('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }

  #cut(): void {
    this.#sockets.forEach((socket) => socket.destroy());
  }
}
