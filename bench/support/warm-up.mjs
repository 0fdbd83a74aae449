// Renewing unmeasured: the code of a renewal runs once for each, and until it is compiled one takes half as long again.
import { setTimeout as pause } from 'node:timers/promises';

/** Renewed by each process before it is measured. */
const RENEWALS = 2000;
const MOST_SECONDS = 40;

/** Resolves when so many processes have renewed enough at `thirdParty`, but not late, with the renewals of each second. */
export async function warmUp(thirdParty, processes) {
  const counts = [(await thirdParty.count()).answered];
  while (counts.at(-1) - counts[0] < RENEWALS * processes && counts.length <= MOST_SECONDS) {
    await pause(1000);
    counts.push((await thirdParty.count()).answered);
  }
  return counts.slice(1).map((count, index) => count - counts[index]);
}
