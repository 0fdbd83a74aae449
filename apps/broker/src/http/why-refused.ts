import { BrokerError, invalidRequest } from '@app/common';
import type { IncomingMessage } from 'node:http';

/** More than any client or proxy sends; all of them together are 8 kB at most anyway. */
const MOST_HEADERS = 100;
/** Of which two would be two requests in one, to whoever reads the other one than we do. */
const SINGLE = new Set(['host', 'authorization', 'content-type', 'content-encoding']);
const LENGTHS = new Set([...SINGLE].map(({ length }) => length));

/** Why a request is refused for its head alone, before its body is read; undefined where it is not. */
export function whyRefused(request: IncomingMessage): BrokerError | undefined {
  const { headers, httpVersion, rawHeaders } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    return refusal('request', 'is neither HTTP/1.1 nor HTTP/1.0');
  }
  if (headers.host === undefined && httpVersion === '1.1') {
    return refusal('host', 'is missing: HTTP/1.1 needs this header');
  }
  if (rawHeaders.length > 2 * MOST_HEADERS) {
    return refusal('request', `has more than ${MOST_HEADERS} headers`);
  }
  const twice = firstTwice(rawHeaders);
  if (twice !== undefined) {
    return refusal(twice, 'is sent twice: send this header once');
  }
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || httpVersion === '1.0')) {
    return refusal('transfer-encoding', 'must be chunked, and HTTP/1.0 has none');
  }
  return undefined;
}

/** Why a body is not read whose end is known, and whose sender may be told so once it is known who that is. */
export function whyUnread({ headers }: IncomingMessage): BrokerError | undefined {
  return headers['content-encoding'] === undefined || headers['content-encoding'] === 'identity'
    ? undefined
    : new BrokerError('unsupported_media_type', 'Send the body as it is: no Content-Encoding is understood here.');
}

const refusal = (field: string, message: string): BrokerError => invalidRequest([{ field, message }]);

/** `rawHeaders` are names and values in turn; Node's own `headers` keep the first of two and drop the other without a word. */
function firstTwice(rawHeaders: readonly string[]): string | undefined {
  const seen: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const raw = rawHeaders[index] ?? '';
    const name = LENGTHS.has(raw.length) ? raw.toLowerCase() : '';
    if (SINGLE.has(name)) {
      if (seen.includes(name)) {
        return name;
      }
      seen.push(name);
    }
  }
  return undefined;
}
