import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** Answers a request and says so, or leaves it as it is. */
export type Serve = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Has `serve` see every request before the framework does, which gets those that it leaves. */
export function serveBefore(server: Server, serve: Serve): void {
  const listeners = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    if (!serve(request, response)) {
      listeners.forEach((listen) => listen.call(server, request, response));
    }
  });
}
