import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Canaries } from './canaries.js';

/** A token endpoint that says back whatever it was told. */
export interface EchoingProvider {
  readonly url: string;
  /** Answers all that comes with this status, 200 being a grant, and everything that was sent in it. */
  answer(status: number): void;
  close(): void;
}

const UNTOLD = new Set(['host', 'connection', 'content-length', 'content-type', 'accept', 'accept-encoding']);

/** Starts one. What proves a client is a canary from then on, in the form in which it is sent, and so is what is granted. */
export async function startEchoingProvider(canaries: Canaries): Promise<EchoingProvider> {
  let status = 200;
  const grant = (): object => {
    const [access_token, refresh_token, id_token] = [newToken(), newToken(), newToken()];
    canaries.set(`granted: ${access_token}`, access_token);
    canaries.set(`granted: ${refresh_token}`, refresh_token);
    canaries.set(`granted: ${id_token}`, id_token);
    return { access_token, refresh_token, id_token, token_type: 'Bearer', expires_in: 3600 };
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const headers = Object.entries(request.headers).filter(([name]) => !UNTOLD.has(name));
    for (const [name, value] of headers) {
      const [proof = ''] = String(value).split(' ').slice(-1);
      if (proof.length > 20) {
        canaries.set(`sent in ${name}: ${canaries.size}`, proof);
      }
    }
    const assertion = new URLSearchParams(body).get('client_assertion');
    if (assertion !== null) {
      canaries.set(`a signed assertion: ${canaries.size}`, assertion);
    }
    const echo = `${request.url} ${JSON.stringify(headers)} ${body}`;
    const answer = status === 200 ? grant() : { error: echo, error_description: echo, message: echo, [echo]: [echo] };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  };
  const server = createServer((request, response) => void serve(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: (next) => {
      status = next;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const newToken = (): string => `CANARY-granted-${randomBytes(16).toString('hex')}`;
