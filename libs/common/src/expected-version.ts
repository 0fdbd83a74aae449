import { BrokerError } from './errors.js';

/**
 * What a change was made for (RFC 9110, 13.1.1): any of these versions, `*` for any that exists, undefined where nothing is said. An
 * empty list matches nothing: what was sent names no version.
 */
export type ExpectedVersion = readonly number[] | '*' | undefined;

/** @throws BrokerError `precondition_failed` unless the thing stands at the version that the change was made for. */
export function requireVersion(
  what: string,
  found: { readonly version: number } | undefined,
  expected?: ExpectedVersion,
): void {
  if (expected === undefined || (expected === '*' ? found !== undefined : isAmong(found, expected))) {
    return;
  }
  const now = found === undefined ? 'it does not exist' : `it is at version ${found.version}`;
  const advice =
    found === undefined ? 'leave If-Match out to create it.' : 'read it again, and repeat the change with its ETag.';
  throw new BrokerError('precondition_failed', `${what} ${complaintAbout(expected)} (${now}): ${advice}`);
}

const isAmong = (found: { readonly version: number } | undefined, versions: readonly number[]): boolean =>
  found !== undefined && versions.includes(found.version);

function complaintAbout(expected: readonly number[] | '*'): string {
  if (expected === '*') {
    return 'must exist for If-Match: *';
  }
  return expected.length === 0
    ? 'never had the ETag in If-Match, as ours are numbers in quotes, such as "7"'
    : `is not at version ${expected.join(' or ')}`;
}
