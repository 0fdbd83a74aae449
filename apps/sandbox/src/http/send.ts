import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';

/** An answer as it goes over the wire. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Ends a connection without another byte; `reset` by a TCP reset instead of a FIN. */
export function hangUp(response: ServerResponse, reset = false): void {
  if (reset) {
    response.socket?.resetAndDestroy();
  } else {
    response.socket?.destroy();
  }
}

const withLength = (headers: WireAnswer['headers'], length: number) => ({
  ...headers,
  'content-length': String(length),
});

/** Sends a whole answer. */
export function send(response: ServerResponse, { status, headers, body }: WireAnswer): void {
  const bytes = Buffer.from(body);
  const mayHaveBody = status !== 204 && status !== 304;
  response.writeHead(status, mayHaveBody ? withLength(headers, bytes.length) : headers);
  response.end(mayHaveBody ? bytes : undefined);
}

/** Sends headers and the first half of the body under the length of the whole; what becomes of the rest is up to the caller. */
export async function sendHalf(response: ServerResponse, { status, headers, body }: WireAnswer): Promise<Buffer> {
  const bytes = Buffer.from(body);
  const half = Math.floor(bytes.length / 2);
  response.writeHead(status, withLength(headers, bytes.length));
  // The callback comes once the bytes are with the system: ending the connection sooner could drop them.
  await new Promise<void>((resolve) => response.write(bytes.subarray(0, half), () => resolve()));
  return bytes.subarray(half);
}

const CHUNK = 'x'.repeat(65_536);

function* padding(bytes: number): Generator<string> {
  const [head, tail] = ['{"padding":"', '"}'];
  let left = Math.max(0, bytes - head.length - tail.length);
  yield head;
  while (left > 0) {
    const chunk = left < CHUNK.length ? CHUNK.slice(0, left) : CHUNK;
    left -= chunk.length;
    yield chunk;
  }
  yield tail;
}

/** Streams a JSON object of so many bytes (at least 14). A reader that gives up early is no error. */
export async function sendFlood(response: ServerResponse, bytes: number, chunked: boolean): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  response.writeHead(200, chunked ? headers : withLength(headers, Math.max(bytes, 14)));
  await pipeline(Readable.from(padding(bytes)), response).catch(() => undefined);
}
