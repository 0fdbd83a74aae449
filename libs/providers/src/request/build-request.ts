import { BrokerError } from '@app/common';
import type { OutboundRequest } from '../outbound/exchange.js';
import { type BodyEncoding, encodeBody, type ParameterValue, textsOf } from './encode-body.js';

/** How parameters are written: into the URL, or as a body. */
export type ParameterEncoding = BodyEncoding | 'query';

/** What a provider says of its request; everything that all requests have in common is added here. */
export interface RequestParts {
  readonly method: 'GET' | 'POST';
  /** Absolute http(s) URL. */
  readonly baseUrl: string;
  /** Begins with a slash and is appended to the base; where there is none, the base is taken to the letter. */
  readonly path?: string;
  /** Appended to a query that the base carries. */
  readonly query?: Readonly<Record<string, string>>;
  /** Names are lower-case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly parameters?: {
    readonly encoding: ParameterEncoding;
    readonly fields: Readonly<Record<string, ParameterValue>>;
  };
}

/** All that may stand in a header value (RFC 9110, 5.5); a line break would begin another header. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * The one place that requests to providers are put together.
 * @throws BrokerError `connection_misconfigured` where the base URL or a header value cannot be used.
 */
export function buildRequest({
  method,
  baseUrl,
  path,
  query,
  headers = {},
  parameters,
}: RequestParts): OutboundRequest {
  const inQuery = parameters?.encoding === 'query' ? parameters.fields : {};
  const body =
    parameters === undefined || parameters.encoding === 'query'
      ? undefined
      : encodeBody(parameters.encoding, parameters.fields);
  const all = {
    accept: 'application/json',
    'user-agent': 'claviger',
    ...(body && { 'content-type': body.contentType }),
    ...headers,
  };
  for (const [name, value] of Object.entries(all)) {
    if (!HEADER_VALUE.test(value)) {
      throw misconfigured(`A stored value cannot stand in the header "${name}": store it again without line breaks.`);
    }
  }
  const url = urlOf(path === undefined ? baseUrl : `${baseUrl.replace(/\/+$/, '')}${path}`, { ...query, ...inQuery });
  return body ? { method, url, headers: all, body: body.text } : { method, url, headers: all };
}

/** The query that is there already stays as it is written: a flag without a value remains one. */
function urlOf(text: string, query: Readonly<Record<string, ParameterValue>>): string {
  if (!URL.canParse(text)) {
    throw misconfigured('The URL that is configured is not an absolute one: correct it.');
  }
  const url = new URL(text);
  const added = new URLSearchParams(textsOf(query)).toString();
  url.search = [url.search.slice(1), added].filter((part) => part !== '').join('&');
  return url.href;
}

function misconfigured(message: string): BrokerError {
  return new BrokerError('connection_misconfigured', message);
}
