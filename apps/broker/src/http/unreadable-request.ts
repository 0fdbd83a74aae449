import type { Socket } from 'node:net';
import { errorFacts, invalidRequest, type Log, newTimedId } from '@app/common';
import { toProblem } from './problem.js';

/** What Node's parser could not make a request of, in our words; anything else is no HTTP. */
const MESSAGES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'has more than 8 kB of headers',
  ERR_HTTP_REQUEST_TIMEOUT: 'did not arrive in time',
};

/** More bytes came after a request that was to be the last of its connection. */
const AFTER_THE_LAST = 'HPE_CLOSED_CONNECTION';
const CLOSE_WITHIN_MS = 2000;

/** Answers bytes that are no request with a problem document, as everything else that is refused, and closes the connection. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket, log: Log): void {
  if (error.code === AFTER_THE_LAST) {
    // The answer to that one is on its way, and the connection ends with it; another before it would be taken for it.
    return;
  }
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const id = newTimedId();
  const refusal = invalidRequest([{ field: 'request', message: MESSAGES[error.code ?? ''] ?? 'is not valid HTTP' }]);
  const body = JSON.stringify(toProblem(refusal, id));
  const head = [
    'HTTP/1.1 400 Bad Request',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    `X-Request-Id: ${id}`,
    'Connection: close',
  ];
  log.info('A request was refused.', { ...errorFacts(refusal), error_code: error.code, request_id: id, status: 400 });
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.setTimeout(CLOSE_WITHIN_MS, () => socket.destroy());
}
