import { METHODS } from 'node:http';
import { NotFoundException } from '@nestjs/common';
import { BrokerError, type Log } from '@app/common';
import type { FastifyInstance, HTTPMethods } from 'fastify';
import { sendProblem } from './problem.filter.js';
import type { BrokerReply, BrokerRequest } from './request.js';

/** HTTP's own (RFC 9110, RFC 5789). HEAD comes with GET. */
const USUAL: readonly HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'];

/** What else Node reads (WebDAV's, QUERY), and no path answers. CONNECT it does not take for a request. */
const RARE: readonly HTTPMethods[] = METHODS.filter((method) => ![...USUAL, 'HEAD', 'CONNECT'].includes(method));

/** Methods by path as it is declared. */
type Routes = ReadonlyMap<string, ReadonlySet<string>>;

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
    const routes = new Map([...known].filter(([url]) => !url.includes('*')).map(([url, all]) => [url, new Set(all)]));
    for (const [url, allowed] of routes) {
      const method = USUAL.filter((name) => !allowed.has(name));
      const handler = (request: BrokerRequest, reply: BrokerReply) => refuse(request, reply, allowed, log);
      instance.route({ method, url, handler });
    }
    refuseRare(instance, routes, log);
  };
}

/** One route for all paths: as many more for each path would lengthen every start. */
function refuseRare(instance: FastifyInstance, routes: Routes, log: Log): void {
  // Without a body, as QUERY else needs one of a known type.
  RARE.forEach((method) => instance.addHttpMethod(method, { hasBody: false, overrideExisting: true }));
  instance.route({
    method: [...RARE],
    url: '*',
    handler: (request: BrokerRequest, reply: BrokerReply) => {
      const [, allowed] = [...routes].find(([url]) => isAt(request.url, url)) ?? [];
      if (allowed !== undefined) {
        return refuse(request, reply, allowed, log);
      }
      sendProblem(new NotFoundException(), request, reply, log);
      return reply;
    },
  });
}

/** Whether a path, its query aside, is one of a route such as `/providers/:provider/token`. */
function isAt(path: string, route: string): boolean {
  const parts = path.replace(/\?.*/s, '').split('/');
  const declared = route.split('/');
  return (
    parts.length === declared.length &&
    declared.every((name, index) => (name.startsWith(':') ? parts[index] !== '' : parts[index] === name))
  );
}

function refuse(request: BrokerRequest, reply: BrokerReply, methods: ReadonlySet<string>, log: Log): BrokerReply {
  const allowed = [...methods].toSorted().join(', ');
  void reply.header('allow', allowed);
  sendProblem(new BrokerError('method_not_allowed', `This path answers ${allowed} only.`), request, reply, log);
  return reply;
}
