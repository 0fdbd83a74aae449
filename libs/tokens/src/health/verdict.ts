import type { FailureReason, OutcomeKind } from '@app/providers';
import type { Verdict } from './circuit.js';

/** What a provider fails with that is down or overloaded; an answer that refuses us is that of a healthy one. */
const FAILING: ReadonlySet<string> = new Set<FailureReason>([
  'dns_failure',
  'connect_failed',
  'connect_timeout',
  'tls_failure',
  'unprocessed',
  'timeout',
  'connection_reset',
  'server_error',
]);
/** Nothing that the provider did. */
const OURS: ReadonlySet<string> = new Set<FailureReason>([
  'abandoned_before_send',
  'circuit_open',
  'retry_budget',
  'unusable_credential',
  'address_refused',
]);

/** What an outcome tells of the provider's health. */
export function verdictOf(outcome: { readonly kind: OutcomeKind; readonly reason?: FailureReason }): Verdict {
  if (outcome.reason === undefined) {
    return 'good';
  }
  if (OURS.has(outcome.reason)) {
    return 'none';
  }
  return FAILING.has(outcome.reason) ? 'bad' : 'good';
}
