import type { Failure, FailureKind, FailureReason } from './outcome.js';

/** Each reason belongs to exactly one outcome, so that a caller names the reason alone. */
const KIND_OF = {
  unauthorized: 'rejected',
  forbidden: 'rejected',
  invalid_grant: 'rejected',
  credential_used: 'rejected',
  invalid_client: 'misconfigured',
  missing_parameter: 'misconfigured',
  bad_request: 'misconfigured',
  not_found: 'misconfigured',
  unusable_credential: 'misconfigured',
  address_refused: 'misconfigured',
  dns_failure: 'not_sent',
  connect_failed: 'not_sent',
  connect_timeout: 'not_sent',
  tls_failure: 'not_sent',
  rate_limited: 'not_sent',
  unprocessed: 'not_sent',
  abandoned_before_send: 'not_sent',
  circuit_open: 'not_sent',
  retry_budget: 'not_sent',
  timeout: 'unknown',
  connection_reset: 'unknown',
  server_error: 'unknown',
  redirected: 'unknown',
  unexpected_status: 'unknown',
  unreadable_answer: 'unknown',
  answer_too_large: 'unknown',
  no_token: 'unknown',
} as const satisfies Record<FailureReason, FailureKind>;

/** The failure that this reason stands for; `status` is the provider's HTTP status, null where it gave none. */
export function failed(
  reason: FailureReason,
  status: number | null = null,
  more: Pick<Failure, 'parameter' | 'individual' | 'retryAfterSeconds'> = {},
): Failure {
  return { kind: KIND_OF[reason], status, reason, ...more };
}
