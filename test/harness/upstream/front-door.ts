import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clients } from './clients.js';
import type { FaultBoard } from './fault.board.js';
import type { Ledger } from './ledger.js';
import type { Received } from './oauth.client.js';
import type { Play } from './play.js';
import { presented } from './presented.js';
import { readAll } from './read-all.js';
import { Stage } from './stage.js';
import { Visits } from './visits.js';

/** What a front door consists of. */
export interface FrontDoorParts {
  readonly clients: Clients;
  readonly faults: FaultBoard;
  readonly ledger: Ledger;
  readonly play: Play;
}

/** Where the world reaches the OAuth server: writes down every request, and does to it what the faults say. */
export class FrontDoor {
  readonly #visits = new Visits();

  constructor(private readonly parts: FrontDoorParts) {}

  /** Listens on a free port of this machine; returns the address. */
  async listen(): Promise<string> {
    const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
      this.#serve(request, response).catch(() => request.socket.destroy());
    });
    server.on('connection', (socket: Socket) => this.#welcome(socket));
    server.on('clientError', (_error, socket) => socket.destroy());
    server.listen(0, '127.0.0.1', 4096);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  #welcome(socket: Socket): void {
    if (this.parts.faults.takeRefusal()) {
      socket.resetAndDestroy();
      return;
    }
    this.#visits.begin(socket);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clients, faults, ledger, play } = this.parts;
    const received = await receive(request);
    const asked = presented(received);
    const grantId = ledger.grantOf(asked.token);
    const entry = ledger.requested({ ...asked, onConnection: this.#visits.count(request.socket) });
    this.#visits.note(request.socket, entry);
    const stage = new Stage(received, response, entry, grantId, asked.token);
    if (asked.endpoint === 'introspection' && clients.find(asked.clientId)?.introspection !== true) {
      return stage.answer({ status: 404, headers: {}, body: Buffer.alloc(0) });
    }
    const fault = faults.take({ ...asked, grantId });
    ledger.faulted(entry, fault);
    return play.run(fault, stage);
  }
}

const receive = async (request: IncomingMessage): Promise<Received> => ({
  method: request.method ?? '',
  path: request.url ?? '',
  headers: request.headers,
  body: await readAll(request),
});
