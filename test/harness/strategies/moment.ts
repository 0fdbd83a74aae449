import { writeSync } from 'node:fs';

/** Where a process can be stopped from within: the request about to be sent, its answer about to be stored. */
export type Moment = 'before_send' | 'before_store';

/** What a process prints when it stops itself. */
export const STOPPED_LINE = 'stopped at the moment';

let stopAt = process.env['STOP_AT'];

/** Says that this moment is reached: the process that `STOP_AT` names it for stops there once, by the signal `STOP_WITH`. */
export function reach(moment: Moment): void {
  if (stopAt !== moment) {
    return;
  }
  stopAt = undefined;
  writeSync(1, `${STOPPED_LINE}\n`);
  process.kill(process.pid, process.env['STOP_WITH'] ?? 'SIGKILL');
}
