/** One request to a provider. Header names are lower-case; the body is already encoded. */
export interface OutboundRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A whole answer: any status, the body read to its end and within the limit. */
export interface OutboundAnswer {
  readonly status: number;
  /** Lower-case media type without parameters, or '' where none was sent. */
  readonly contentType: string;
  /** The raw Retry-After header, if there was one. */
  readonly retryAfter: string | undefined;
  readonly body: string;
}
