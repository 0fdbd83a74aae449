import type { AttemptRow } from '../brokers/index.js';
import type { RequestRecord } from '../upstream/index.js';
import type { Life } from './life.js';

/** Two clocks of one machine, and what a process needs from one line to the next. */
export const TOLERANCE_MS = 50;

/** The attempt that a one-shot request belongs to: the newest that had marked itself as sent by then. */
export const attemptOf = ({ at }: RequestRecord, attempts: readonly AttemptRow[]): AttemptRow | undefined =>
  attempts.findLast(({ sent_at }) => sent_at !== null && sent_at.getTime() <= at + TOLERANCE_MS);

/** The process that sent it. */
export const senderOf = (
  request: RequestRecord,
  attempts: readonly AttemptRow[],
  lives: readonly Life[],
): Life | undefined => lives.find(({ id }) => id === attemptOf(request, attempts)?.holder);
