import { BrokerError, invalidRequest, type Log } from '@app/common';
import type { FastifyInstance } from 'fastify';
import type { Draining } from '../health/draining.js';
import { setCommonHeaders } from './common-headers.js';
import { httpRequests, httpSeconds } from './http.metrics.js';
import { sendProblem } from './problem.filter.js';

/** What every request and answer has, whatever its route: headers, metrics, refusal while stopping. */
export function installEdge(instance: FastifyInstance, draining: Draining, log: Log): void {
  instance.addHook('onRequest', (request, reply, done) => {
    setCommonHeaders(request, reply);
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1') {
      const complaint = { field: 'host', message: 'is missing: HTTP/1.1 needs this header' };
      sendProblem(invalidRequest([complaint]), request, reply, log);
      return;
    }
    if (!draining.isOn || request.url.startsWith('/health/')) {
      draining.enter();
      reply.raw.once('close', () => draining.leave());
      done();
      return;
    }
    void reply.header('connection', 'close');
    const detail = 'This broker is stopping. Ask again: another one answers.';
    sendProblem(new BrokerError('shutting_down', detail, { retryAfter: 1 }), request, reply, log);
  });
  instance.addHook('onResponse', (request, reply, done) => {
    const labels = { method: request.method, route: request.routeOptions.url ?? 'none' };
    httpRequests.inc({ ...labels, status: String(reply.statusCode) });
    httpSeconds.observe(labels, reply.elapsedTime / 1000);
    done();
  });
}
