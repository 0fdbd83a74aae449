import type { ServerResponse } from 'node:http';
import type { Entry } from './ledger.js';
import type { Answer, Received } from './oauth.client.js';

/** A request, its entry in the record, and the ways to answer it. */
export class Stage {
  constructor(
    readonly received: Received,
    private readonly response: ServerResponse,
    readonly entry: Entry,
    readonly grantId: string | null,
    readonly token: string | undefined,
  ) {}

  /** Writes the answer. Where it is not the OAuth server's own, `foreign` says so: that one then never arrives. */
  async answer({ status, headers, body }: Answer, foreign = false): Promise<void> {
    if (foreign) {
      this.entry.delivered = false;
    }
    await pendingEvents();
    if (this.response.destroyed || this.response.socket?.writable !== true) {
      this.entry.delivered = false;
      return;
    }
    this.entry.status = status;
    this.response.once('finish', () => {
      this.entry.answeredAt = Date.now();
    });
    this.response.writeHead(status, { ...headers, 'content-length': body.length }).end(body);
  }

  /** Half of the answer, then nothing. */
  async answerHalf({ status, headers, body }: Answer): Promise<void> {
    this.entry.delivered = false;
    this.entry.status = status;
    this.response.writeHead(status, { ...headers, 'content-length': body.length });
    await new Promise<void>((resolve) => {
      this.response.once('close', resolve);
      this.response.write(body.subarray(0, Math.floor(body.length / 2)), () => resolve());
    });
    this.response.socket?.destroy();
  }

  /** Ends the connection without an answer. */
  cut(): void {
    this.entry.delivered = false;
    this.response.socket?.destroy();
  }
}

/** Resolves when what the operating system knows by now is known here: a client that has gone is not answered. */
const pendingEvents = (): Promise<void> =>
  new Promise((resolve) => void setImmediate(() => void setImmediate(() => resolve())));
