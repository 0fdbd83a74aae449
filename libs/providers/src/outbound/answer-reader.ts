import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

/** An answer of which all is here. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Takes an answer as it comes in. undici would make a stream of it, which costs more than all the rest of an exchange
 * and is of no use for what is read whole.
 */
export class AnswerReader implements Dispatcher.DispatchHandler {
  /** Rejects with what went wrong, also where the body is longer than is read. */
  readonly whole: Promise<RawAnswer>;
  /** As soon as it is known. */
  status: number | null = null;
  isTooLong = false;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #headers: IncomingHttpHeaders = {};
  #resolve!: (answer: RawAnswer) => void;
  #reject!: (error: Error) => void;

  /** `onWhole` is called as soon as all of it is here, within the call of the parser. */
  constructor(
    private readonly longest: number,
    private readonly onWhole: () => void = () => undefined,
  ) {
    this.whole = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  // Without it undici takes this for a handler of its older kind.
  onRequestStart(): void {}

  /** Also for what says only that an answer is on its way (1xx). */
  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status >= 200) {
      this.status = status;
      this.#headers = headers;
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#length += chunk.byteLength;
    if (this.#length > this.longest) {
      this.isTooLong = true;
      controller.abort(new Error('The answer is longer than is read.'));
      return;
    }
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.onWhole();
    this.#resolve({ status: this.status ?? 0, headers: this.#headers, body: Buffer.concat(this.#chunks) });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#reject(error);
  }
}
