import type { Socket } from 'node:net';
import { TextDecoder } from 'node:util';
import { type buildConnector, Client } from 'undici';
import { AnswerReader } from './answer-reader.js';
import { failed } from '../failed.js';
import type { Failure, FailureReason } from '../outcome.js';
import { decodeBody } from './decode-body.js';
import type { OutboundAnswer, OutboundRequest } from './exchange.js';

/** The longest answer that is read, in bytes. */
const LONGEST_BODY = 64 * 1024;

/**
 * One request over a connection that stands, and its whole answer. From the first byte on the provider may have acted on
 * it, so whatever goes wrong is `unknown`; only a header that cannot be sent at all is `unusable_credential`, and where
 * `mayWrite` says no in the moment of the first byte, none is sent: `abandoned_before_send`.
 */
export async function exchangeOver(
  socket: Socket,
  request: OutboundRequest,
  deadline: AbortSignal,
  mayWrite: () => boolean = () => true,
): Promise<OutboundAnswer | Failure> {
  const url = new URL(request.url);
  const gate = guardFirstWrite(socket, mayWrite);
  const client = new Client(url.origin, { connect: onlyThis(socket), headersTimeout: 0, bodyTimeout: 0 });
  // undici would close it in a moment, with an error whose stack is written out for nobody.
  const reader = new AnswerReader(LONGEST_BODY, () => void socket.destroy());
  // The client goes with its socket, which whoever opened it destroys.
  deadline.addEventListener('abort', () => void client.destroy(), { once: true });
  try {
    client.dispatch(
      {
        method: request.method,
        path: `${url.pathname}${url.search}`,
        headers: { 'accept-encoding': 'identity', ...request.headers },
        body: request.body ?? null,
        reset: true,
      },
      reader,
    );
    const { status, headers, body } = await reader.whole;
    const decoded = decodeBody(body, one(headers['content-encoding']) ?? '', LONGEST_BODY);
    if (typeof decoded === 'string') {
      return failed(decoded, status);
    }
    return {
      status,
      contentType: mediaType(headers['content-type']),
      retryAfter: one(headers['retry-after']),
      body: new TextDecoder().decode(decoded),
    };
  } catch (error) {
    if (gate.refused) {
      return failed('abandoned_before_send');
    }
    return failed(
      deadline.aborted ? 'timeout' : reader.isTooLong ? 'answer_too_large' : reasonOf(error),
      reader.status,
    );
  }
}

/**
 * Asks in the very call that would send the first byte. Between the last look and that call lie turns of the event loop, in which a
 * process can be frozen for minutes; nothing can look later than this.
 */
function guardFirstWrite(socket: Socket, mayWrite: () => boolean): { readonly refused: boolean } {
  const gate = { refused: false };
  const write = socket.write.bind(socket) as (...args: readonly unknown[]) => boolean;
  const guarded = (...args: readonly unknown[]): boolean => {
    Object.assign(socket, { write });
    if (mayWrite()) {
      return write(...args);
    }
    gate.refused = true;
    socket.destroy(new Error('The right to send has lapsed.'));
    return false;
  };
  Object.assign(socket, { write: guarded });
  return gate;
}

/**
 * Hands out the one connection once: a client that lost it fails instead of sending the request again. The client expects
 * to be called back later, never from within its own call.
 */
function onlyThis(socket: Socket): (options: unknown, callback: buildConnector.Callback) => void {
  const unused = [socket];
  return (_options, callback) => {
    const next = unused.pop();
    setImmediate(() =>
      next === undefined ? callback(new Error('The connection is used up.'), null) : callback(null, next),
    );
  };
}

/** By name and code alone: the messages of parsers quote what they could not read. */
function reasonOf(error: unknown): FailureReason {
  const { name, code } = Object(error) as { readonly name?: unknown; readonly code?: unknown };
  if (code === 'UND_ERR_INVALID_ARG') {
    return 'unusable_credential';
  }
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    return 'answer_too_large';
  }
  return name === 'HTTPParserError' ? 'unreadable_answer' : 'connection_reset';
}

function one(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}

function mediaType(header: string | string[] | undefined): string {
  return (one(header) ?? '').split(';', 1).join('').trim().toLowerCase();
}
