/** Every error code of the HTTP contract; the table code → status stands in the problem filter and nowhere else. */
export type ErrorCode =
  | 'invalid_request'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'reauthorization_required'
  | 'connection_misconfigured'
  | 'connection_paused'
  | 'conflict'
  | 'precondition_failed'
  | 'rate_limited'
  | 'provider_error'
  | 'provider_unavailable'
  | 'audit_unavailable'
  | 'storage_unavailable'
  | 'shutting_down'
  | 'refresh_pending'
  | 'internal_error';

/** One refused field: `field` is a dotted path as the sender wrote it (`credential.refresh_token`). */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** What a problem document may carry beside its code and detail. Never a secret, a provider's body or SQL. */
export interface ErrorFacts {
  readonly cause?: unknown;
  readonly errors?: readonly FieldError[];
  /** Whole seconds after which asking again makes sense. */
  readonly retryAfter?: number;
  readonly provider?: string;
  readonly connection?: string;
  /** What the provider answered: its HTTP status, if it answered at all, and our reason for it. */
  readonly upstream?: { readonly status: number | null; readonly reason: string };
  /** The parameter that the provider misses, where it said so. */
  readonly parameter?: string;
}

/** The one error that leaves a library on purpose. `message` is shown to people: it says what happened and what to do next. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly facts: ErrorFacts = {},
  ) {
    super(message, { cause: facts.cause });
  }
}

/** True for a BrokerError, of the given code if one is given. */
export function isBrokerError(error: unknown, code?: ErrorCode): error is BrokerError {
  return error instanceof BrokerError && (code === undefined || error.code === code);
}

/** A BrokerError `invalid_request` whose detail names the first field, and whose `errors` name all. */
export function invalidRequest(errors: readonly FieldError[]): BrokerError {
  const [first] = errors;
  const detail = first ? `${first.field}: ${first.message}` : 'The request is malformed.';
  return new BrokerError('invalid_request', errors.length > 1 ? `${detail} (and ${errors.length - 1} more)` : detail, {
    errors,
  });
}
