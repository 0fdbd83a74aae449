import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { readAll } from './read-all.js';

/** A request as it was read by the front door. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The OAuth server's answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What belongs to one connection and not to the message. */
const OF_THE_CONNECTION = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'host',
  'expect',
]);

/** Passes requests on to the OAuth server behind the front door. */
export class OAuthClient {
  readonly #agent = new Agent({ keepAlive: true });

  constructor(private readonly port: number) {}

  send({ method, path, headers, body }: Received, more: Readonly<Record<string, string>>): Promise<Answer> {
    const passed = { ...messageHeaders(headers), ...more, 'content-length': String(body.length) };
    return new Promise((resolve, reject) => {
      const sent = request({ port: this.port, agent: this.#agent, method, path, headers: passed }, (answer) => {
        readAll(answer).then(
          (bytes) => resolve({ status: answer.statusCode ?? 0, headers: messageHeaders(answer.headers), body: bytes }),
          reject,
        );
      });
      sent.once('error', reject);
      sent.end(body);
    });
  }
}

const messageHeaders = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !OF_THE_CONNECTION.has(name))
      .map(([name, value]) => [name, String(value)]),
  );
