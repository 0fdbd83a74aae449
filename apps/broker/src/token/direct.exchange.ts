import { countAnswer } from '../http/http.metrics.js';
import type { ProblemReply, RefusedRequest } from '../http/problem.filter.js';
import type { Caller } from '@app/callers';
import type { IncomingMessage, ServerResponse } from 'node:http';

const ROUTE = { url: '/providers/:provider/token' } as const;

/** A request for a token that is answered without the framework, and its answer: what a controller has of both. */
export class DirectExchange implements RefusedRequest, ProblemReply {
  readonly method = 'GET';
  readonly routeOptions = ROUTE;
  caller?: Caller;
  readonly #headers: Record<string, string>;
  readonly #began = performance.now();
  #status = 200;
  #lost: (() => void) | undefined;

  constructor(
    readonly id: string,
    readonly ip: string,
    private readonly response: ServerResponse<IncomingMessage>,
  ) {
    this.#headers = { 'x-request-id': id, 'cache-control': 'no-store' };
  }

  get sent(): boolean {
    return this.response.headersSent;
  }

  header(name: string, value: string): void {
    this.#headers[name] = value;
  }

  status(status: number): this {
    this.#status = status;
    return this;
  }

  type(type: string): this {
    this.header('content-type', `${type}; charset=utf-8`);
    return this;
  }

  send(body: string): void {
    this.header('content-length', String(Buffer.byteLength(body)));
    this.response.writeHead(this.#status, this.#headers).end(body);
  }

  /**
   * Calls `ended` once the answer was handed to the system or its connection ended before; after the second, and where `lost` is known
   * by then, `lost` as well. One listener for all of it, as a hot route has enough of them.
   */
  onEnd(ended: () => void): void {
    this.response.on('close', () => {
      if (this.response.writableFinished) {
        countAnswer(this.method, ROUTE.url, this.#status, (performance.now() - this.#began) / 1000);
      } else {
        this.#lost?.();
      }
      ended();
    });
  }

  /** Calls `lost` where the connection ends, or has ended, before the whole answer was handed to the system. At most once. */
  onUndelivered(lost: () => void): void {
    const { destroyed, socket } = this.response;
    if (destroyed || socket?.destroyed === true) {
      lost();
    } else {
      this.#lost = lost;
    }
  }
}
