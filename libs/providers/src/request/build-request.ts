import { BrokerError, randomLetters } from '@app/common';
import type { OutboundRequest } from '../outbound/exchange.js';

/** How the fields of a body are written. */
export type BodyEncoding = 'form' | 'multipart' | 'json';

/** What a provider says of its request; everything that all requests have in common is added here. */
export interface RequestParts {
  readonly method: 'GET' | 'POST';
  /** Absolute http(s) URL; a path it carries stands before `path`. */
  readonly baseUrl: string;
  /** Begins with a slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Names are lower-case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: { readonly encoding: BodyEncoding; readonly fields: Readonly<Record<string, string>> };
}

/** All that may stand in a header value (RFC 9110, 5.5); a line break would begin another header. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * The one place that requests to providers are put together.
 * @throws BrokerError `connection_misconfigured` where the base URL or a header value cannot be used.
 */
export function buildRequest({ method, baseUrl, path, query, headers = {}, body }: RequestParts): OutboundRequest {
  const encoded = body && encode(body.encoding, body.fields);
  const all = {
    accept: 'application/json',
    'user-agent': 'claviger',
    ...(encoded && { 'content-type': encoded.contentType }),
    ...headers,
  };
  for (const [name, value] of Object.entries(all)) {
    if (!HEADER_VALUE.test(value)) {
      throw misconfigured(`A stored value cannot stand in the header "${name}": store it again without line breaks.`);
    }
  }
  const url = urlOf(baseUrl, path, query);
  return encoded ? { method, url, headers: all, body: encoded.text } : { method, url, headers: all };
}

function urlOf(baseUrl: string, path: string, query: Readonly<Record<string, string>> = {}): string {
  const text = `${baseUrl.replace(/\/+$/, '')}${path}`;
  if (!URL.canParse(text)) {
    throw misconfigured('The setting "base_url" is not an absolute URL: correct it.');
  }
  const url = new URL(text);
  for (const [name, value] of Object.entries(query)) {
    url.searchParams.set(name, value);
  }
  return url.href;
}

function encode(
  encoding: BodyEncoding,
  fields: Readonly<Record<string, string>>,
): { contentType: string; text: string } {
  if (encoding === 'json') {
    return { contentType: 'application/json', text: JSON.stringify(fields) };
  }
  if (encoding === 'form') {
    return { contentType: 'application/x-www-form-urlencoded', text: new URLSearchParams(fields).toString() };
  }
  // Random, so that no value can contain it and begin a part of its own (RFC 7578, 4.1).
  const boundary = `claviger-${randomLetters(24)}`;
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return { contentType: `multipart/form-data; boundary=${boundary}`, text: `${parts.join('')}--${boundary}--\r\n` };
}

function misconfigured(message: string): BrokerError {
  return new BrokerError('connection_misconfigured', message);
}
