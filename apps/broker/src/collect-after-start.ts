import { performance } from 'node:perf_hooks';

type Collect = (options: NodeJS.GCOptions) => void;

/** The first may come while the start still counts. */
const COLLECTIONS = 2;
/** Node 20 makes the new space smaller only where little was allocated in the five seconds before. */
const LOOK_EVERY_MS = 6000;
/** The part of that time that the event loop was busy, below which nobody waits for a collection of some 20 ms. */
const IDLE_BELOW = 0.3;

/**
 * Gives the memory of the start back to the system (some 30 MB), in a time in which the broker has little else to do: what loading and
 * compiling left behind would stay until the first large collection, which a new space of 16 MB puts off for hours. Needs Node's
 * `--expose-gc`; without it nothing happens.
 */
export function collectAfterStart(collect: Collect | undefined = globalThis.gc, lookEveryMs = LOOK_EVERY_MS): void {
  if (collect === undefined) {
    return;
  }
  let left = COLLECTIONS;
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (utilization < IDLE_BELOW) {
      // Node 24 gives pages back in this flavor only; Node 20 does not know of flavors.
      collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
      left -= 1;
    }
    if (left === 0) {
      clearInterval(timer);
    }
  }, lookEveryMs).unref();
}
