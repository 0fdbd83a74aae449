import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

/** As Node's `gc`. */
interface Collect {
  (): void;
  (options: NodeJS.GCOptions): void;
}

/** What tests set. Bytes and milliseconds. */
interface Options {
  readonly collect?: Collect | undefined;
  readonly lookEveryMs?: number;
  readonly largestHeap?: number;
}

/** The first may come while the start still counts. */
const COLLECTIONS = 2;
/** Node 20 makes the new space smaller only where little was allocated in the five seconds before. */
const LOOK_EVERY_MS = 6000;
/** The part of that time that the event loop was busy, below which a collection may stop everything for some 30 ms. */
const IDLE_BELOW = 0.3;
/** A larger heap holds more than the start left, a full cache for one, and collecting it would keep requests waiting. */
const LARGEST_HEAP = 64 * 2 ** 20;

/**
 * Gives the memory of the start back to the system (some 30 MB), in a time in which the broker has little else to do: what loading and
 * compiling left behind would stay until the first large collection, which a new space of 16 MB puts off. Needs Node's
 * `--expose-gc`; without it nothing happens (ADR 52).
 */
export function collectAfterStart(options: Options = {}): void {
  const { collect = globalThis.gc, lookEveryMs = LOOK_EVERY_MS, largestHeap = LARGEST_HEAP } = options;
  if (collect === undefined) {
    return;
  }
  let left = COLLECTIONS;
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (getHeapStatistics().used_heap_size > largestHeap) {
      left = 0;
    } else if (utilization < IDLE_BELOW) {
      collectWhole(collect);
      left -= 1;
    }
    if (left === 0) {
      clearInterval(timer);
    }
  }, lookEveryMs).unref();
}

/** Also gives pages back: Node 22 and later do so in this flavor only, Node 20 takes any argument for the wish for a small collection. */
function collectWhole(collect: Collect): void {
  if (Number.parseInt(process.versions.node, 10) < 22) {
    collect();
  } else {
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  }
}
