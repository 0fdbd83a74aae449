import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { collectAfterStart } from './collect-after-start.js';

const LOOK_EVERY_MS = 20;

const start = (largestHeap = Infinity) => {
  const collect = jest.fn<(options?: NodeJS.GCOptions) => void>();
  collectAfterStart({ collect, lookEveryMs: LOOK_EVERY_MS, largestHeap });
  return collect;
};

const untilCollected = async (collect: ReturnType<typeof start>, times: number): Promise<void> => {
  while (collect.mock.calls.length < times) {
    await pause(LOOK_EVERY_MS);
  }
};

describe('collectAfterStart', () => {
  it('should collect twice where nothing else is to be done, and no more', async () => {
    const collect = start();
    await untilCollected(collect, 2);
    await pause(5 * LOOK_EVERY_MS);
    expect(collect).toHaveBeenCalledTimes(2);
  });

  it('should ask for a whole collection, which Node 20 does without an argument only', async () => {
    const collect = start();
    await untilCollected(collect, 1);
    const isOld = process.versions.node.startsWith('20.');
    expect(collect.mock.calls[0]).toEqual(isOld ? [] : [{ type: 'major', execution: 'sync', flavor: 'last-resort' }]);
  });

  it('should wait while the event loop is busy', async () => {
    const busyUntil = performance.now() + 10 * LOOK_EVERY_MS;
    const collect = start();
    while (performance.now() < busyUntil) {
      const until = performance.now() + LOOK_EVERY_MS / 2;
      while (performance.now() < until) {
        // The loop is held.
      }
      await turn();
    }
    expect(collect).not.toHaveBeenCalled();
    await untilCollected(collect, 1);
  });

  it('should leave a heap alone that holds more than a start leaves', async () => {
    const collect = start(0);
    await pause(5 * LOOK_EVERY_MS);
    expect(collect).not.toHaveBeenCalled();
  });

  it('should do nothing where the process was started without --expose-gc', () => {
    expect(globalThis.gc).toBeUndefined();
    expect(() => collectAfterStart()).not.toThrow();
  });
});
