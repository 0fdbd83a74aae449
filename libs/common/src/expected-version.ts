import { BrokerError } from './errors.js';

/** What a change was made for: a version, `*` for any that exists, undefined where nothing is said (RFC 9110, 13.1.1). */
export type ExpectedVersion = number | '*' | undefined;

/** @throws BrokerError `precondition_failed` unless the thing stands at the version that the change was made for. */
export function requireVersion(
  what: string,
  found: { readonly version: number } | undefined,
  expected?: ExpectedVersion,
): void {
  if (expected !== undefined && (expected === '*' ? found === undefined : found?.version !== expected)) {
    const now = found === undefined ? 'it does not exist' : `it is at version ${found.version}`;
    throw new BrokerError(
      'precondition_failed',
      `${what} is not at version ${expected} (${now}): read it again, and repeat the change with its ETag.`,
    );
  }
}
