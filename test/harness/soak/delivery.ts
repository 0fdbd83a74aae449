import type { RequestRecord } from '../upstream/index.js';
import type { Case } from './evidence.js';
import { awakeMs, type Life } from './life.js';
import { attemptOf, senderOf, TOLERANCE_MS } from './sender.js';
import { IN_HAND_MS, TIMING } from './times.js';

/**
 * Where an answer of the provider stayed.
 * - `delivered` a broker had it, and time to put it on its disk
 * - `taken_away` the upstream's faults saw to it that it arrived nowhere
 * - `killed` whoever had asked was killed before it came
 * - `in_hand` whoever had asked was killed when it had just come
 * - `too_slow` it was not there when the sender's long patience ended
 * - `left_unread` it was there in time, and a broker that lives on did not take it
 */
export type Delivery = 'delivered' | 'taken_away' | 'killed' | 'in_hand' | 'too_slow' | 'left_unread';

/** Where it stayed through nobody's fault but the world's. */
export const UNREACHED: ReadonlySet<Delivery> = new Set(['taken_away', 'killed', 'in_hand', 'too_slow']);

const TAKEN_AWAY: ReadonlySet<string> = new Set(['lost', 'truncated', 'bad_gateway', 'late']);

/** What became of the answer to this refresh of a strict or grace connection. */
export function deliveryOf(
  request: RequestRecord,
  { attempts, spooled }: Pick<Case, 'attempts' | 'spooled'>,
  lives: readonly Life[],
): Delivery {
  const { delivered, at, fault, answeredAt, closedAt } = request;
  const sender = senderOf(request, attempts, lives);
  // Who was killed before the answer was written cannot have it, though the upstream may not notice.
  if (delivered !== false && wasKilledWithin(sender, at, answeredAt ?? at)) {
    return 'killed';
  }
  if (delivered !== false) {
    // What lies on its disk is not lost with a process.
    const isOnDisk = spooled.has(attemptOf(request, attempts)?.id ?? '');
    return !isOnDisk && (heldMs(request, sender) ?? Number.POSITIVE_INFINITY) <= IN_HAND_MS ? 'in_hand' : 'delivered';
  }
  if (TAKEN_AWAY.has(fault ?? '')) {
    return 'taken_away';
  }
  const ended = closedAt ?? Number.POSITIVE_INFINITY;
  if (wasKilledWithin(sender, at, ended + TOLERANCE_MS)) {
    return 'killed';
  }
  // The sender's patience counts from before it connects.
  const began = attemptOf(request, attempts)?.opened_at.getTime() ?? at;
  return (answeredAt ?? ended) - began >= TIMING.deadlineMs - TOLERANCE_MS ? 'too_slow' : 'left_unread';
}

const wasKilledWithin = (sender: Pick<Life, 'killedAt'> | undefined, from: number, to: number): boolean =>
  sender !== undefined && sender.killedAt !== null && sender.killedAt >= from - TOLERANCE_MS && sender.killedAt <= to;

/** For how long the sender lived on, awake, once it had read the answer; undefined where nobody killed it since. */
export function heldMs(
  { at, answeredAt, closedAt }: RequestRecord,
  sender: Pick<Life, 'killedAt' | 'freezes'> | undefined,
): number | undefined {
  const answered = answeredAt ?? at;
  if (sender === undefined || sender.killedAt === null || sender.killedAt < answered - TOLERANCE_MS) {
    return undefined;
  }
  // A broker closes the connection as soon as it has read the answer; where its kill does so, the upstream sees it a moment later.
  const readAt = closedAt === null ? answered : Math.min(closedAt, Math.max(answered, sender.killedAt));
  return Math.max(0, awakeMs(sender, readAt, sender.killedAt));
}
