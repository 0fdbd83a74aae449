import { failed, type FailureReason } from '@app/providers';
import { describe, expect, it } from '@jest/globals';
import { verdictOf } from './verdict.js';

/** What each reason tells of its provider's health: a new reason does not compile until it is judged. */
const VERDICTS = {
  unauthorized: 'good',
  forbidden: 'good',
  invalid_grant: 'good',
  credential_used: 'good',
  invalid_client: 'good',
  missing_parameter: 'good',
  bad_request: 'good',
  not_found: 'good',
  unusable_credential: 'none',
  address_refused: 'none',
  dns_failure: 'bad',
  connect_failed: 'bad',
  connect_timeout: 'bad',
  tls_failure: 'bad',
  rate_limited: 'good',
  unprocessed: 'bad',
  abandoned_before_send: 'none',
  circuit_open: 'none',
  retry_budget: 'none',
  timeout: 'bad',
  connection_reset: 'bad',
  server_error: 'bad',
  redirected: 'good',
  unexpected_status: 'good',
  unreadable_answer: 'good',
  answer_too_large: 'good',
  no_token: 'good',
} as const satisfies Record<FailureReason, ReturnType<typeof verdictOf>>;

describe(verdictOf.name, () => {
  it.each(Object.entries(VERDICTS))('should take %s as %s', (reason, verdict) => {
    expect(verdictOf(failed(reason as FailureReason))).toBe(verdict);
  });

  it('should take a success, of whatever step, as good', () => {
    expect(verdictOf({ kind: 'ok' })).toBe('good');
  });
});
