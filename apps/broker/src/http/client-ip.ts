import proxyAddr from '@fastify/proxy-addr';
import type { IncomingMessage } from 'node:http';

/**
 * What tells the address of a request's client: the last one of X-Forwarded-For that no trusted proxy has, where a trusted proxy sent it;
 * else the peer's. The same that Fastify's `request.ip` says.
 */
export function clientIpReader(trustedProxies: readonly string[]): (request: IncomingMessage) => string {
  if (trustedProxies.length === 0) {
    return ({ socket }) => socket.remoteAddress ?? '';
  }
  const isTrusted = proxyAddr.compile([...trustedProxies]);
  return (request) => proxyAddr(request, isTrusted);
}
