import { once } from 'node:events';
import type { Server } from 'node:http';
import { isIPv6 } from 'node:net';

const ANYWHERE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '[::1]' };

/** Resolves when the server listens. @throws the socket's error: `EADDRINUSE`, `EACCES` … */
export async function startListening(server: Server, port: number, host: string): Promise<void> {
  const listening = once(server, 'listening');
  server.listen(port, host);
  await listening;
}

/** Where a listening server is reached from this machine. */
export function addressOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${ANYWHERE[host] ?? (isIPv6(host) ? `[${host}]` : host)}:${port}`;
}

/** Stops accepting and ends every connection. */
export async function stopListening(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
