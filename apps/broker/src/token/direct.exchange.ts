import { setCommonHeaders } from '../http/common-headers.js';
import { countAnswer } from '../http/http.metrics.js';
import { onOver } from '../http/on-over.js';
import type { ProblemReply, RefusedRequest } from '../http/problem.filter.js';
import type { Caller } from '@app/callers';
import type { IncomingMessage, ServerResponse } from 'node:http';

const ROUTE = { url: '/providers/:provider/token' } as const;

/** A request for a token that is answered without the framework, and its answer: what a controller has of both. */
export class DirectExchange implements RefusedRequest, ProblemReply {
  readonly method = 'GET';
  readonly routeOptions = ROUTE;
  caller?: Caller;
  readonly #headers: Record<string, string> = {};
  readonly #began = performance.now();
  #status = 200;

  constructor(
    readonly id: string,
    readonly ip: string,
    readonly raw: ServerResponse<IncomingMessage>,
  ) {
    setCommonHeaders(this, this);
  }

  get sent(): boolean {
    return this.raw.headersSent;
  }

  header(name: string, value: string): this {
    this.#headers[name] = value;
    return this;
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
    const { raw } = this;
    const { socket } = raw.writeHead(this.#status, this.#headers);
    // Held back by hand, head and body leave as one text; `end(body)` hands them over as a list, with an empty text behind.
    socket?.cork();
    raw.write(body);
    socket?.uncork();
    raw.end();
  }

  /** Calls `ended` once the answer was handed to the system, or its connection ended before. */
  onEnd(ended: () => void): void {
    onOver(this.raw, () => {
      if (this.raw.writableFinished) {
        countAnswer(this.method, ROUTE.url, this.#status, (performance.now() - this.#began) / 1000);
      }
      ended();
    });
  }
}
