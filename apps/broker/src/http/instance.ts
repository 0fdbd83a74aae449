import type { Log } from '@app/common';
import Fastify, { type FastifyInstance } from 'fastify';
import { setCommonHeaders } from './common-headers.js';
import { boundConnections } from './bound-connections.js';
import { readJsonBodies } from './json-body.js';
import { sendProblem } from './problem.filter.js';
import { requestId } from './request-id.js';
import type { BrokerReply } from './request.js';
import { refuseUnreadable } from './unreadable-request.js';

const MOST_BODY_BYTES = 32 * 1024;
const MOST_HEADER_BYTES = 8 * 1024;
const LOOK_FOR_LATE_MS = 1000;

/** The HTTP server with its limits (security.md, "Edge"): what is too large, too slow or no JSON never reaches a controller. */
export function createInstance(log: Log, trustedProxies: readonly string[] = []): FastifyInstance {
  const instance = Fastify({
    http: {
      maxHeaderSize: MOST_HEADER_BYTES,
      headersTimeout: 10_000,
      // Node looks for late ones every 30 s otherwise.
      connectionsCheckingInterval: LOOK_FOR_LATE_MS,
      // Asked for at the edge: Node's own refusal is no problem document.
      requireHostHeader: false,
    },
    // Here, as Fastify sets its own default, none, on the server afterwards.
    requestTimeout: 15_000,
    bodyLimit: MOST_BODY_BYTES,
    keepAliveTimeout: 65_000,
    // Of silence in either direction: whoever does not read an answer is let go. Longer than the longest one takes to begin.
    connectionTimeout: 75_000,
    // Requests under way are waited for before (Draining); a connection that was only opened must not hold the end up.
    forceCloseConnections: true,
    return503OnClosing: false,
    genReqId: requestId,
    // request.ip: the last address of X-Forwarded-For that no trusted proxy has, where a trusted proxy sent it; else the peer's.
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    clientErrorHandler: (error, socket) => refuseUnreadable(error, socket, log),
    frameworkErrors: (error, request, reply) => {
      setCommonHeaders(request, reply);
      const answer: BrokerReply = reply;
      sendProblem(error, request, answer, log);
    },
    routerOptions: { maxParamLength: 200 },
  });
  instance.removeContentTypeParser('text/plain');
  readJsonBodies(instance);
  // All that 8 kB can hold: Node drops what is over its own bound without a word; ours refuses (why-refused.ts).
  instance.server.maxHeadersCount = 0;
  boundConnections(instance.server);
  // An expectation that nobody knows may be ignored (RFC 9110, 10.1.1); Node would answer it with an empty 417.
  instance.server.on('checkExpectation', (request, response) => instance.server.emit('request', request, response));
  return instance;
}
