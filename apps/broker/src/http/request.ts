import type { Caller } from '@app/callers';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** A request as the guard leaves it. */
export interface BrokerRequest extends FastifyRequest {
  /** Who asks; absent on public routes. */
  caller?: Caller;
  /** The route as it is declared, where the request was answered before the router's own options were looked at. */
  route?: string;
}

export type BrokerReply = FastifyReply;
