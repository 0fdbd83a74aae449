import type { Fault } from './fault.js';
import { type Floor, floorOf } from './floor.js';
import { LogPass } from './log-pass.js';
import type { LogSource } from './log-source.js';
import type { Verification, VerificationRequest } from './verification.js';

/** A retirement under way moves the floor; it does so once a day. */
const MOST_TRIES = 3;

/**
 * Checks every row, checkpoint and stream of the log, in constant memory a stream, and names the first fault. Appends may go
 * on meanwhile. So may retirement: where it took rows away during a pass, the pass begins again.
 */
export async function verifyLog(source: LogSource, request: VerificationRequest): Promise<Verification> {
  for (let tries = 1; ; tries += 1) {
    const floor = floorOf(await source.retirement(), request.keys);
    if ('kind' in floor) {
      return failed(floor);
    }
    const verification = await new LogPass(source, request, floor).run();
    if (verification.ok || tries === MOST_TRIES || !(await hasMoved(floor, source, request))) {
      return verification;
    }
  }
}

async function hasMoved(floor: Floor, source: LogSource, { keys }: VerificationRequest): Promise<boolean> {
  const now = floorOf(await source.retirement(), keys);
  return !('kind' in now) && now.from !== floor.from;
}

const failed = (fault: Fault): Verification => ({
  ok: false,
  rows: 0,
  streams: 0,
  checkpoints: 0,
  fault,
  takenAsGiven: [],
});
