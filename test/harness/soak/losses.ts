import { deliveryOf, UNREACHED } from './delivery.js';
import type { RequestRecord } from '../upstream/index.js';
import type { Case } from './evidence.js';
import type { Life } from './life.js';

/** Answers that brought a refresh token which was never presented: one of them holds what the provider still takes. */
export function unused({ record }: Case): readonly RequestRecord[] {
  const refreshes = record.requests.filter(({ endpoint }) => endpoint === 'token');
  const presented = new Set(refreshes.map(({ token }) => token));
  return refreshes.filter(({ issued }) => issued !== null && !presented.has(issued));
}

/**
 * True where nobody could have kept it: the provider is strict, and every refresh token that it would still take went out only in
 * answers that reached no broker, or one that was killed with the answer in its hand. Where a repeat is safe, nothing need be lost.
 */
export function isUnavoidable(one: Case, lives: readonly Life[]): boolean {
  const answers = unused(one);
  const isUnreached = answers.every((request) => UNREACHED.has(deliveryOf(request, one, lives)));
  return one.record.kind === 'strict' && answers.length > 0 && isUnreached;
}
