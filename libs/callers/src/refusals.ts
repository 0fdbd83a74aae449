import { BrokerError } from '@app/common';
import type { CallerRecord } from './caller-record.js';

/** `not_found` for a caller that is not there. */
export const noSuchCaller = (name: string): BrokerError =>
  new BrokerError('not_found', `There is no caller ${name}: GET /admin/callers lists those there are.`);

/** `not_found` for an API key that is not there. */
export const noSuchKey = (caller: string, keyId: string): BrokerError =>
  new BrokerError(
    'not_found',
    `The caller ${caller} has no key ${keyId}: GET /admin/callers/${caller}/keys lists those it has.`,
  );

/**
 * Throws `precondition_failed` unless the caller stands at the version that the change was made for, if it names one; `*` is
 * any version of a caller that exists (RFC 9110, 13.1.1).
 */
export function requireVersion(
  name: string,
  found: CallerRecord | undefined,
  expected: number | '*' | undefined,
): void {
  if (expected !== undefined && (expected === '*' ? found === undefined : found?.version !== expected)) {
    const now = found === undefined ? 'it does not exist' : `it is at version ${found.version}`;
    throw new BrokerError(
      'precondition_failed',
      `The caller ${name} is not at version ${expected} (${now}): read it again, and repeat the change with its ETag.`,
    );
  }
}
