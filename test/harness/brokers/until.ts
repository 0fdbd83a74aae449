import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 10;

/** What `look` gives once that is neither undefined nor false. @throws Error that says what did not happen within `ms`. */
export async function until<Found>(
  what: string,
  look: () => Promise<Found | undefined | false> | Found | undefined | false,
  ms = 30_000,
): Promise<Found> {
  const end = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) {
      return found;
    }
    if (performance.now() > end) {
      throw new Error(`It did not happen within ${ms} ms: ${what}.`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}
