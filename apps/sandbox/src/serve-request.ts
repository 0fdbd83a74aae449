import type { IncomingMessage, ServerResponse } from 'node:http';
import { serveControl } from './control/control.handler.js';
import { serveProvider } from './exchange/provider.handler.js';
import { BodyTooLarge, receive } from './http/received.js';
import { hangUp, send } from './http/send.js';
import type { Rooms } from './rooms.js';
import type { Sandbox } from './sandbox.js';

const PATH = /^\/([^/]+)(.*)$/;

/**
 * Answers one request, whatever happens. The server is plain node:http, because most of its work is to misbehave: half
 * answers, resets and bodies that contradict their headers are what a framework exists to prevent.
 */
export function serveRequest(rooms: Rooms, sandbox: Sandbox, message: IncomingMessage, response: ServerResponse): void {
  serve(rooms, sandbox, message, response).catch((error: unknown) => fail(rooms, error, response));
}

async function serve(
  rooms: Rooms,
  sandbox: Sandbox,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const received = await receive(message);
  const [, room = '', path = ''] = PATH.exec(received.path) ?? [];
  if (room === '_sandbox') {
    return serveControl(sandbox, received, path, response);
  }
  const contract = rooms.contracts.get(room);
  if (contract) {
    return serveProvider(rooms, contract, received, path, response);
  }
  const known = [...rooms.contracts.keys()].map((provider) => `/${provider}/…`).join(', ');
  answerJson(response, 404, `The sandbox has nothing here. It has ${known} and /_sandbox/.`);
}

function fail(rooms: Rooms, error: unknown, response: ServerResponse): void {
  const hasLeft = response.socket === null || response.socket.destroyed;
  if (hasLeft || response.headersSent || isAborted(error)) {
    return hangUp(response);
  }
  if (error instanceof BodyTooLarge) {
    return answerJson(response, 413, error.message);
  }
  const { message } = error as Error;
  rooms.warn(`The sandbox failed to answer a request: ${message}`);
  answerJson(response, 500, message);
}

/** A wait that ended because the sandbox closes. */
const isAborted = (error: unknown): boolean => (error as Error).name === 'AbortError';

function answerJson(response: ServerResponse, status: number, detail: string): void {
  const headers = { 'content-type': 'application/json', 'x-sandbox-error': 'true' };
  send(response, { status, headers, body: `${JSON.stringify({ detail })}\n` });
}
