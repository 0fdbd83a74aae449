import { BrokerError, type Log } from '@app/common';
import type { FastifyInstance } from 'fastify';
import type { Draining } from '../health/draining.js';
import { overloadRefusals } from '../limits/limits.metrics.js';
import type { Overload } from '../limits/overload.js';
import { setCommonHeaders } from './common-headers.js';
import { countAnswer } from './http.metrics.js';
import { onOver } from './on-over.js';
import { sendProblem } from './problem.filter.js';
import { whyRefused } from './why-refused.js';
import type { BrokerReply, BrokerRequest } from './request.js';

/** What says how this replica is. Asked most when it is not well, so it is never refused for that. */
const PROBES: ReadonlySet<string | undefined> = new Set(['/health/live', '/health/ready', '/metrics']);

/** Whether this replica takes requests on. */
export interface Doors {
  readonly draining: Draining;
  readonly overload: Overload;
}

/** What every request and answer has, whatever its route: headers, metrics, refusal while stopping or overloaded. */
export function installEdge(instance: FastifyInstance, doors: Doors, log: Log): void {
  instance.addHook('onRequest', (request, reply, done) => {
    setCommonHeaders(request, reply);
    const malformed = whyRefused(request.raw);
    const refusal = malformed ?? whyClosed(request, reply, doors);
    if (refusal !== undefined) {
      if (malformed !== undefined) {
        // Where its body ends may be understood in two ways, so nothing is read after it.
        void reply.header('connection', 'close');
      }
      sendProblem(refusal, request, reply, log);
      return;
    }
    doors.draining.enter();
    onOver(reply.raw, () => doors.draining.leave());
    done();
  });
  instance.addHook('onResponse', (request, reply, done) => {
    countAnswer(request.method, request.routeOptions.url, reply.statusCode, reply.elapsedTime / 1000);
    done();
  });
}

function whyClosed(request: BrokerRequest, reply: BrokerReply, { draining, overload }: Doors): BrokerError | undefined {
  if (draining.isOn && !request.url.startsWith('/health/')) {
    void reply.header('connection', 'close');
    return new BrokerError('shutting_down', 'This broker is stopping. Ask again: another one answers.', {
      retryAfter: 1,
    });
  }
  if (overload.isOn && !PROBES.has(request.routeOptions.url)) {
    overloadRefusals.inc();
    const detail = 'This broker has more requests than it can answer in time. Ask again: another one may have fewer.';
    return new BrokerError('shutting_down', detail, { retryAfter: 1 });
  }
  return undefined;
}
