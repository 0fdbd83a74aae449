import { lookup } from 'node:dns/promises';
import type { Socket } from 'node:net';
import { failed } from '../failed.js';
import type { Failure } from '../outcome.js';
import type { AddressGuard } from './address-guard.js';
import { type ConnectionSettings, NotConnected, openConnection } from './connection.js';
import type { OutboundAnswer, OutboundRequest } from './exchange.js';
import { expiry } from './expiry.js';
import type { HttpConnection } from './http-connection.js';
import { KeptConnections } from './kept-connections.js';
import { type Resolve, SharedLookups } from './shared-lookups.js';

/** How patient the client is, and for tests how it resolves names. */
export interface OutboundOptions {
  /** For look-up, connecting and handshake together. Default 5 s. */
  readonly connectTimeoutMs?: number;
  /** For everything from the look-up to the last byte of the answer. Default 30 s. */
  readonly deadlineMs?: number;
  readonly resolve?: Resolve;
}

/** What one request may say about how it is sent. */
export interface SendOptions {
  /** Certificate authorities in PEM that are trusted for this request beside the system's. */
  readonly ca?: string | undefined;
  /** The whole deadline of this request instead of the client's. */
  readonly deadlineMs?: number;
  /**
   * Asked when the connection stands and not a byte has been sent; again for a new one, where that had ended. Where it answers false or
   * throws, the connection is closed unused: `not_sent` for `abandoned_before_send`.
   */
  readonly onConnected?: () => boolean | Promise<boolean>;
  /** Asked once in the very call that would send the first byte. Where it answers false, nothing is sent: the same. */
  readonly mayWrite?: () => boolean;
  /**
   * Whether it may go over a connection that stands after an earlier one, and have its own stand for the next (ADR 60). Only for what may
   * reach the provider twice: whether a request was read that met a closing connection, nobody knows.
   */
  readonly keepAlive?: boolean;
}

/** One request on its way. */
interface Sending {
  readonly request: OutboundRequest;
  readonly options: SendOptions;
  readonly deadline: AbortSignal;
  /** Where its connection is kept; undefined where it has one of its own. */
  readonly place: string | undefined;
}

/**
 * The one way out to providers (security.md, "Outbound"). Each request has a connection of its own, so that "certainly not
 * sent" and "unknown" can be told apart, unless it says that it may share one: no retry, no redirect followed, no proxy taken from the
 * environment.
 */
export class OutboundClient {
  readonly #settings: Omit<ConnectionSettings, 'ca'>;
  readonly #connectTimeoutMs: number;
  readonly #deadlineMs: number;
  readonly #kept = new KeptConnections();

  constructor(guard: AddressGuard, options: OutboundOptions = {}) {
    const { resolve } = new SharedLookups(options.resolve ?? resolveName);
    this.#settings = { guard, resolve };
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 5_000;
    this.#deadlineMs = options.deadlineMs ?? 30_000;
  }

  /**
   * Sends one request and reads its whole answer, of at most 64 kB. Never throws, and repeats nothing of the request in what
   * it returns: an answer of any status, or a failure by name.
   */
  async send(request: OutboundRequest, options: SendOptions = {}): Promise<OutboundAnswer | Failure> {
    if (!this.#mayGoTo(request.url)) {
      return failed('address_refused');
    }
    const deadlineMs = options.deadlineMs ?? this.#deadlineMs;
    const deadline = expiry(deadlineMs);
    const place = options.keepAlive === true ? placeOf(request, options) : undefined;
    const sending = { request, options, deadline: deadline.signal, place };
    try {
      return (await this.#overKept(sending)) ?? (await this.#overNew(sending, deadlineMs));
    } finally {
      deadline.cancel();
    }
  }

  /** Opens a connection as a request to this URL would, and closes it with not a byte sent. Undefined where it stood. */
  async probe(url: string, { ca }: Pick<SendOptions, 'ca'> = {}): Promise<Failure | undefined> {
    if (!this.#mayGoTo(url)) {
      return failed('address_refused');
    }
    return this.#connected(url, ca, this.#connectTimeoutMs, async (socket) => void socket.destroy());
  }

  #mayGoTo(url: string): boolean {
    return URL.canParse(url) && this.#settings.guard.allowsUrl(new URL(url));
  }

  /** Over a connection that stands already; undefined where there is none, or it had ended, so that nothing was sent. */
  async #overKept(sending: Sending): Promise<OutboundAnswer | Failure | undefined> {
    const connection = sending.place === undefined ? undefined : this.#kept.take(sending.place);
    return connection && this.#over(connection, sending);
  }

  #overNew(sending: Sending, deadlineMs: number): Promise<OutboundAnswer | Failure> {
    const { request, options, place } = sending;
    return this.#connected(request.url, options.ca, deadlineMs, async (socket) => {
      const connection = await connectionOver(socket, request);
      if (place !== undefined) {
        connection.onClose(() => this.#kept.forget(place, connection));
      }
      return (await this.#over(connection, sending)) ?? failed('connect_failed');
    });
  }

  /** Keeps the connection where the request has a place for it and its answer is a good one; closes it otherwise. */
  async #over(connection: HttpConnection, sending: Sending): Promise<OutboundAnswer | Failure | undefined> {
    let answer: OutboundAnswer | Failure | undefined;
    try {
      answer = await sendOver(connection, sending);
      return answer;
    } finally {
      if (sending.place !== undefined && isGood(answer)) {
        this.#kept.keep(sending.place, connection);
      } else {
        connection.close();
      }
    }
  }

  async #connected<Result>(
    url: string,
    ca: string | undefined,
    withinMs: number,
    use: (socket: Socket) => Promise<Result>,
  ): Promise<Result | Failure> {
    const patience = expiry(Math.min(withinMs, this.#connectTimeoutMs));
    try {
      const socket = await openConnection(new URL(url), { ...this.#settings, ca }, patience.signal);
      patience.cancel();
      return await use(socket);
    } catch (error) {
      // Whatever else went wrong may have done so after the first byte.
      return failed(error instanceof NotConnected ? error.reason : 'connection_reset');
    } finally {
      patience.cancel();
    }
  }
}

const isGood = (answer: OutboundAnswer | Failure | undefined): boolean =>
  answer !== undefined && !('kind' in answer) && answer.status >= 200 && answer.status <= 299;

/** A connection is for one origin, and for those who trust the same authorities. */
const placeOf = ({ url }: OutboundRequest, { ca = '' }: SendOptions): string => `${new URL(url).origin} ${ca}`;

let imported: Promise<typeof import('./http-connection.js')> | undefined;

/** At the first request, not at start: undici is 110 files. It is remembered, as asking for it again takes 5 µs. */
const httpConnection = (): Promise<typeof import('./http-connection.js')> =>
  (imported ??= import('./http-connection.js'));

async function connectionOver(socket: Socket, { url }: OutboundRequest): Promise<HttpConnection> {
  try {
    const { HttpConnection } = await httpConnection();
    return new HttpConnection(socket, new URL(url).origin);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function sendOver(
  connection: HttpConnection,
  { request, options, deadline, place }: Sending,
): Promise<OutboundAnswer | Failure | undefined> {
  const { onConnected = () => true, mayWrite } = options;
  // The last look, which nothing may follow but the sending.
  if (!(await isWanted(onConnected))) {
    return failed('abandoned_before_send');
  }
  if (deadline.aborted) {
    return failed('connect_timeout');
  }
  const how = { deadline, mayWrite, keepAlive: place !== undefined };
  return connection.stands ? connection.exchange(request, how) : undefined;
}

async function isWanted(onConnected: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return await onConnected();
  } catch {
    return false;
  }
}

const resolveName: Resolve = (host) => lookup(host, { all: true });
