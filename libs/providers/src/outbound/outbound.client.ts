import { lookup } from 'node:dns/promises';
import type { Socket } from 'node:net';
import { failed } from '../failed.js';
import type { Failure } from '../outcome.js';
import type { AddressGuard } from './address-guard.js';
import { type ConnectionSettings, NotConnected, openConnection, type Resolve } from './connection.js';
import type { OutboundAnswer, OutboundRequest } from './exchange.js';
import { expiry } from './expiry.js';

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
   * Asked once when the connection stands and not a byte has been sent. Where it answers false or throws, the connection is
   * closed unused: `not_sent` for `abandoned_before_send`.
   */
  readonly onConnected?: () => boolean | Promise<boolean>;
  /** Asked once in the very call that would send the first byte. Where it answers false, nothing is sent: the same. */
  readonly mayWrite?: () => boolean;
}

/**
 * The one way out to providers (security.md, "Outbound"). Each request has a connection of its own, so that "certainly not
 * sent" and "unknown" can be told apart: no keep-alive, no retry, no redirect followed, no proxy taken from the environment.
 */
export class OutboundClient {
  readonly #settings: Omit<ConnectionSettings, 'ca'>;
  readonly #connectTimeoutMs: number;
  readonly #deadlineMs: number;

  constructor(guard: AddressGuard, options: OutboundOptions = {}) {
    this.#settings = { guard, resolve: options.resolve ?? resolveName };
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 5_000;
    this.#deadlineMs = options.deadlineMs ?? 30_000;
  }

  /**
   * Sends one request and reads its whole answer, of at most 64 kB. Never throws, and repeats nothing of the request in what
   * it returns: an answer of any status, or a failure by name.
   */
  async send(request: OutboundRequest, options: SendOptions = {}): Promise<OutboundAnswer | Failure> {
    const deadlineMs = options.deadlineMs ?? this.#deadlineMs;
    const deadline = expiry(deadlineMs);
    try {
      return await this.#connected(request.url, options.ca, deadlineMs, (socket) =>
        sendOver(socket, request, options, deadline.signal),
      );
    } finally {
      deadline.cancel();
    }
  }

  /** Opens a connection as a request to this URL would, and closes it with not a byte sent. Undefined where it stood. */
  probe(url: string, { ca }: Pick<SendOptions, 'ca'> = {}): Promise<Failure | undefined> {
    return this.#connected(url, ca, this.#connectTimeoutMs, async (socket) => void socket.destroy());
  }

  async #connected<Result>(
    url: string,
    ca: string | undefined,
    withinMs: number,
    use: (socket: Socket) => Promise<Result>,
  ): Promise<Result | Failure> {
    if (!URL.canParse(url) || !this.#settings.guard.allowsUrl(new URL(url))) {
      return failed('address_refused');
    }
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

let imported: Promise<typeof import('./http-exchange.js')> | undefined;

/** At the first request, not at start: undici is 110 files. It is remembered, as asking for it again takes 5 µs. */
const httpExchange = (): Promise<typeof import('./http-exchange.js')> => (imported ??= import('./http-exchange.js'));

async function sendOver(
  socket: Socket,
  request: OutboundRequest,
  { onConnected = () => true, mayWrite }: SendOptions,
  deadline: AbortSignal,
): Promise<OutboundAnswer | Failure> {
  try {
    // Before the last look, which nothing may follow but the sending.
    const { exchangeOver } = await httpExchange();
    if (!(await isWanted(onConnected))) {
      return failed('abandoned_before_send');
    }
    if (deadline.aborted || socket.destroyed) {
      return failed(deadline.aborted ? 'connect_timeout' : 'connect_failed');
    }
    return await exchangeOver(socket, request, deadline, mayWrite);
  } finally {
    socket.destroy();
  }
}

async function isWanted(onConnected: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return await onConnected();
  } catch {
    return false;
  }
}

const resolveName: Resolve = (host) => lookup(host, { all: true });
