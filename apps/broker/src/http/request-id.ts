import { newTimedId } from '@app/common';
import type { IncomingMessage } from 'node:http';

const SANE_ID = /^[\w.:-]{1,64}$/;

/** The sender's request id where it is a sane one, else a new one. */
export function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const sent = headers['x-request-id'];
  return typeof sent === 'string' && SANE_ID.test(sent) ? sent : newTimedId();
}
