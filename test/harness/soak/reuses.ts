import type { RequestRecord, ReuseEvent } from '../upstream/index.js';
import { deliveryOf, UNREACHED } from './delivery.js';
import type { Case } from './evidence.js';
import type { Life } from './life.js';
import { attemptOf, TOLERANCE_MS } from './sender.js';
import { TIMING } from './times.js';

/**
 * Why a consumed refresh token came again.
 * - `late_copy` the upstream itself held a copy back and let it in later
 * - `last_chance` its answer had reached nobody, and it was tried once more when every copy of it must have been gone
 * - `ours` a broker sent what it must not
 */
export type ReuseCause = 'late_copy' | 'last_chance' | 'ours';

/** Explains a reuse event of an account. */
export function causeOf({ request: id }: ReuseEvent, one: Case, lives: readonly Life[]): ReuseCause {
  const { requests } = one.record;
  const again = requests.find((request) => request.id === id);
  if (again === undefined) {
    return 'ours';
  }
  if (again.fault === 'late') {
    return 'late_copy';
  }
  const before = requests.filter(
    ({ endpoint, token, at }) => endpoint === 'token' && token === again.token && at < again.at,
  );
  const consumed = before.filter((request) => request.consumed);
  const isLost = consumed.length > 0 && consumed.every((request) => UNREACHED.has(deliveryOf(request, one, lives)));
  // What was answered with 429 is known not to have been processed: nothing of it is on its way.
  const onTheWay = before.filter(({ fault }) => fault !== 'rate_limited');
  const waited = onTheWay.every((request) => again.at - sentAt(request, one) >= TIMING.zombieMs - TOLERANCE_MS);
  return isLost && waited ? 'last_chance' : 'ours';
}

/** By the sender's own word: the upstream may have taken its time to read it. */
function sentAt(request: RequestRecord, { attempts }: Case): number {
  return attemptOf(request, attempts)?.sent_at?.getTime() ?? request.at;
}
