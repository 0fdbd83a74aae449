import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import type { Caller } from '@app/callers';
import { errorFacts, Log } from '@app/common';
import { STATUS, toProblem } from './problem.js';
import type { BrokerReply, BrokerRequest } from './request.js';
import { toBrokerError } from './to-broker-error.js';

/** The one place where errors become answers: a problem document and one log line. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(Log) private readonly log: Log) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(error, http.getRequest<BrokerRequest>(), http.getResponse<BrokerReply>(), this.log);
  }
}

/** What is said of a request that is refused. */
export interface RefusedRequest {
  readonly id: string;
  readonly method: string;
  readonly routeOptions: { readonly url?: string | undefined };
  readonly caller?: Pick<Caller, 'name'>;
}

/** What carries the refusal: Fastify's reply, or one that does as much. */
export interface ProblemReply {
  readonly sent: boolean;
  header(name: string, value: string): unknown;
  status(status: number): this;
  type(type: string): this;
  send(body: string): unknown;
}

/** Answers a request with the problem document of an error, and logs it. */
export function sendProblem(error: unknown, request: RefusedRequest, reply: ProblemReply, log: Log): void {
  const refusal = toBrokerError(error);
  const status = STATUS[refusal.code];
  const { retryAfter } = refusal.facts;
  log[levelOf(status)]('A request was refused.', {
    ...errorFacts(refusal),
    request_id: request.id,
    method: request.method,
    route: request.routeOptions.url,
    status,
    caller: request.caller?.name,
  });
  if (reply.sent) {
    return;
  }
  if (retryAfter !== undefined) {
    void reply.header('retry-after', String(retryAfter));
  }
  if (status === 401) {
    void reply.header('www-authenticate', 'Bearer realm="claviger"');
  }
  void reply
    .status(status)
    .type('application/problem+json')
    .send(JSON.stringify(toProblem(refusal, request.id)));
}

/** Refusals by a rate limit come in floods, and are told of as one (RefusedRequests). */
function levelOf(status: number): 'error' | 'info' | 'debug' {
  if (status === 429) {
    return 'debug';
  }
  return status === 500 ? 'error' : 'info';
}
