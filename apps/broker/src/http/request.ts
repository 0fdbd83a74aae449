import type { Caller } from '@app/callers';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** A request as the guard leaves it. */
export interface BrokerRequest extends FastifyRequest {
  /** Who asks; absent on public routes. */
  caller?: Caller;
}

export type BrokerReply = FastifyReply;
