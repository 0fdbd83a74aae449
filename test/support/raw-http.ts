import { connect } from 'node:net';

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const MOST_MS = 10_000;

/** Sends these bytes on a connection of their own, as no HTTP client would, and reads the answer until the server closes. */
export const sendRaw = async (url: string, text: string): Promise<RawAnswer> => parse(await exchangeRaw(url, text));

/** As `sendRaw`; resolves with all that came, as it came over the wire. */
export function exchangeRaw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => socket.write(Buffer.from(text, 'latin1')));
    socket.setTimeout(MOST_MS, () => socket.destroy(new Error('The server did not close the connection.')));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
  });
}

/** A request with these lines, after which the server is to close the connection. */
export const rawRequest = (method: string, target: string, headers: readonly string[] = [], body = ''): string =>
  [`${method} ${target} HTTP/1.1`, 'Host: broker', 'Connection: close', ...headers, '', body].join('\r\n');

function parse(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, Math.max(end, 0)).split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const byName = Object.fromEntries(headers);
  // As a client that was told `Connection: close` reads: the first answer is the only one.
  const body = Buffer.from(text.slice(end + 4)).subarray(0, Number(byName['content-length'] ?? Infinity));
  return { status: Number(statusLine.split(' ')[1]), headers: byName, body: body.toString('utf8') };
}
