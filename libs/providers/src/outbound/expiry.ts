/** Time is counted in pieces of this length. */
const PIECE_MS = 250;
/** A piece that ends later than this was spent frozen, or in a process too busy to have read anything. */
const FROZEN_MS = 500;

/** A deadline that can be called off. */
export interface Expiry {
  readonly signal: AbortSignal;
  readonly cancel: () => void;
}

/**
 * A signal that aborts after so many milliseconds in which this process ran. Time in which it was frozen does not count: an answer
 * that came meanwhile lies in the socket and may be the only valid one, so it is read before anybody's patience ends.
 */
export function expiry(milliseconds: number): Expiry {
  const controller = new AbortController();
  let left = milliseconds;
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    const piece = Math.min(left, PIECE_MS);
    const since = performance.now();
    timer = setTimeout(() => {
      const wasFrozen = performance.now() - since > piece + FROZEN_MS;
      left -= wasFrozen ? 0 : piece;
      if (left <= 0) {
        controller.abort();
      } else {
        wait();
      }
    }, piece);
  };
  wait();
  return { signal: controller.signal, cancel: () => clearTimeout(timer) };
}
