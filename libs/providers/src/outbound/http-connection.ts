import type { Socket } from 'node:net';
import { TextDecoder } from 'node:util';
import { type buildConnector, Client } from 'undici';
import { failed } from '../failed.js';
import type { Failure, FailureReason } from '../outcome.js';
import { AnswerReader, type RawAnswer } from './answer-reader.js';
import { decodeBody } from './decode-body.js';
import type { OutboundAnswer, OutboundRequest } from './exchange.js';
import { guardFirstWrite } from './first-write.js';

/** The longest answer that is read, in bytes. */
const LONGEST_BODY = 64 * 1024;
/** So long a connection stands unused: longer than the scheduler's pauses, and shorter than any provider is known to wait. */
const IDLE_MS = 2000;

/** How one request goes over a connection. */
export interface ExchangeOptions {
  readonly deadline: AbortSignal;
  /** Asked once in the very call that would send the first byte. */
  readonly mayWrite?: (() => boolean) | undefined;
  /** Whether the connection is to stand for another request afterwards. */
  readonly keepAlive: boolean;
}

/** A connection that stands, for one request or for one after the other. */
export class HttpConnection {
  /** Monotonic, in milliseconds. */
  readonly openedAt = performance.now();
  readonly #client: Client;

  constructor(
    private readonly socket: Socket,
    origin: string,
  ) {
    const idle = { keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: IDLE_MS };
    this.#client = new Client(origin, { connect: onlyThis(socket), headersTimeout: 0, bodyTimeout: 0, ...idle });
  }

  /** False once either side is known to have closed it. */
  get stands(): boolean {
    return !this.socket.destroyed;
  }

  /** Calls `closed` when it is closed, once. */
  onClose(closed: () => void): void {
    this.socket.once('close', closed);
  }

  /** The HTTP client goes with its socket. */
  close(): void {
    this.socket.destroy();
  }

  /**
   * One request and its whole answer. From the first byte on the provider may have acted on it, so whatever goes wrong is `unknown`;
   * only a header that cannot be sent at all is `unusable_credential`, and where `mayWrite` says no in the moment of the first byte,
   * none is sent: `abandoned_before_send`. Undefined where the connection had ended before a byte was sent.
   */
  async exchange(
    request: OutboundRequest,
    { deadline, mayWrite = () => true, keepAlive }: ExchangeOptions,
  ): Promise<OutboundAnswer | Failure | undefined> {
    const gate = guardFirstWrite(this.socket, mayWrite);
    // undici would close it in a moment, with an error whose stack is written out for nobody.
    const reader = new AnswerReader(LONGEST_BODY, keepAlive ? undefined : () => this.close());
    const giveUp = (): void => void this.#client.destroy();
    deadline.addEventListener('abort', giveUp, { once: true });
    try {
      this.#client.dispatch({ ...optionsOf(request), reset: !keepAlive }, reader);
      return toAnswer(await reader.whole);
    } catch (error) {
      if (gate.refused) {
        return failed('abandoned_before_send');
      }
      if (error === USED_UP && !gate.passed) {
        return undefined;
      }
      const reason = deadline.aborted ? 'timeout' : reader.isTooLong ? 'answer_too_large' : reasonOf(error);
      return failed(reason, reader.status);
    } finally {
      deadline.removeEventListener('abort', giveUp);
    }
  }
}

const USED_UP = new Error('The connection is used up.');

/**
 * Hands out the one connection once: a client that lost it fails instead of sending the request again. The client expects
 * to be called back later, never from within its own call.
 */
function onlyThis(socket: Socket): (options: unknown, callback: buildConnector.Callback) => void {
  const unused = [socket];
  return (_options, callback) => {
    const next = unused.pop();
    setImmediate(() => (next === undefined ? callback(USED_UP, null) : callback(null, next)));
  };
}

function optionsOf({ method, url, headers, body }: OutboundRequest) {
  const { pathname, search } = new URL(url);
  return {
    method,
    path: `${pathname}${search}`,
    headers: { 'accept-encoding': 'identity', ...headers },
    body: body ?? null,
  };
}

function toAnswer({ status, headers, body }: RawAnswer): OutboundAnswer | Failure {
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
