import { BrokerError, type Log } from '@app/common';
import type { FastifyInstance, HTTPMethods } from 'fastify';
import { sendProblem } from './problem.filter.js';

/** All that Fastify routes; HEAD comes with GET. What it does not route (WebDAV's) is on no path, and so a 404. */
const METHODS: readonly HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'];

/**
 * Has a known path answer 405 with `Allow` to methods that it does not have. Call it before the routes are declared, and what it
 * returns once they all are.
 */
export function watchRoutes(instance: FastifyInstance, log: Log): () => void {
  const known = new Map<string, Set<string>>();
  instance.addHook('onRoute', ({ url, method }) => {
    const methods = known.get(url) ?? new Set<string>();
    [method].flat().forEach((name) => methods.add(name));
    known.set(url, methods);
  });
  return () => {
    for (const [url, methods] of [...known].filter(([path]) => !path.includes('*'))) {
      const allowed = [...methods].toSorted();
      const others = METHODS.filter((method) => !allowed.includes(method));
      refuse(instance, url, others, allowed, log);
    }
  };
}

function refuse(
  instance: FastifyInstance,
  url: string,
  method: readonly HTTPMethods[],
  allowed: readonly string[],
  log: Log,
): void {
  instance.route({
    method: [...method],
    url,
    handler: (request, reply) => {
      void reply.header('allow', allowed.join(', '));
      const detail = `This path answers ${allowed.join(', ')} only.`;
      sendProblem(new BrokerError('method_not_allowed', detail), request, reply, log);
      return reply;
    },
  });
}
