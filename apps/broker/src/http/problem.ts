import type { BrokerError, ErrorCode, FieldError } from '@app/common';

/** The one table from error codes to HTTP statuses (http.md, "Errors"). */
export const STATUS = {
  invalid_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  connection_misconfigured: 409,
  connection_paused: 409,
  reauthorization_required: 409,
  precondition_failed: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  internal_error: 500,
  provider_error: 502,
  audit_unavailable: 503,
  provider_unavailable: 503,
  shutting_down: 503,
  storage_unavailable: 503,
  refresh_pending: 504,
} as const satisfies Record<ErrorCode, number>;

const TITLE = {
  invalid_request: 'The request is malformed',
  unauthenticated: 'No valid API key',
  forbidden: 'The role for this is missing',
  not_found: 'Not found',
  method_not_allowed: 'Method not allowed',
  conflict: 'Conflict',
  connection_misconfigured: 'The provider refuses the configuration of this connection',
  connection_paused: 'The connection is paused',
  reauthorization_required: 'The provider refused the credential of this connection',
  precondition_failed: 'It changed meanwhile',
  payload_too_large: 'The body is too large',
  unsupported_media_type: 'The body is not JSON',
  rate_limited: 'Too many requests',
  internal_error: 'Internal error',
  provider_error: 'The provider answered something unusable',
  audit_unavailable: 'The audit log cannot be written',
  provider_unavailable: 'The provider is not available',
  shutting_down: 'This broker takes no requests on',
  storage_unavailable: 'The database is not available',
  refresh_pending: 'The refresh is still under way',
} as const satisfies Record<ErrorCode, string>;

/** Every code. */
export const CODES = Object.keys(STATUS) as readonly ErrorCode[];

/** The codes by their status, in the words of their titles: `unauthenticated: No valid API key`. */
export const codesOf = (status: number): readonly string[] =>
  CODES.filter((code) => STATUS[code] === status).map((code) => `\`${code}\`: ${TITLE[code]}`);

/** A problem document (RFC 9457) with the members of http.md. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: ErrorCode;
  readonly errors?: readonly FieldError[];
  readonly retry_after?: number;
  readonly provider?: string;
  readonly connection?: string;
  readonly parameter?: string;
  readonly upstream?: { readonly status: number | null; readonly reason: string };
}

/** The error as its problem document; `instance` is the request id. */
export function toProblem({ code, message, facts }: BrokerError, instance: string): Problem {
  const { errors, retryAfter, provider, connection, parameter, upstream } = facts;
  return {
    type: `urn:claviger:problem:${code}`,
    title: TITLE[code],
    status: STATUS[code],
    detail: message,
    instance,
    code,
    ...(errors === undefined ? {} : { errors }),
    ...(retryAfter === undefined ? {} : { retry_after: retryAfter }),
    ...(provider === undefined ? {} : { provider }),
    ...(connection === undefined ? {} : { connection }),
    ...(parameter === undefined ? {} : { parameter }),
    ...(upstream === undefined ? {} : { upstream }),
  };
}
