import type { FailureReason } from '../outcome.js';

const USUAL: Readonly<Record<number, FailureReason>> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  405: 'not_found',
  422: 'bad_request',
  429: 'rate_limited',
};

/**
 * Why an answer of this HTTP status, which brought no token, failed.
 * @param reasons where the step of this provider differs from what is usual: `{ 401: 'invalid_client' }`.
 * @param unprocessedStatuses statuses proved not to consume the credential (traits).
 */
export function reasonOfStatus(
  status: number,
  reasons: Readonly<Record<number, FailureReason>>,
  unprocessedStatuses: readonly number[],
): FailureReason {
  const known = reasons[status] ?? (unprocessedStatuses.includes(status) ? 'unprocessed' : USUAL[status]);
  if (known !== undefined) {
    return known;
  }
  if (status >= 500 && status <= 599) {
    return 'server_error';
  }
  return status >= 300 && status <= 399 ? 'redirected' : 'unexpected_status';
}
