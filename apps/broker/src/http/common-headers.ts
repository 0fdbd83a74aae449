import type { BrokerReply, BrokerRequest } from './request.js';

/** What every answer says, whatever comes of its request. */
export const setCommonHeaders = ({ id }: BrokerRequest, reply: BrokerReply): void =>
  void reply.header('x-request-id', id).header('cache-control', 'no-store');
