import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { collectAfterStart } from './collect-after-start.js';

const LOOK_EVERY_MS = 20;

const collections = () => jest.fn<(options: NodeJS.GCOptions) => void>();

describe('collectAfterStart', () => {
  it('should collect twice where nothing else is to be done, and no more', async () => {
    const collect = collections();
    collectAfterStart(collect, LOOK_EVERY_MS);
    while (collect.mock.calls.length < 2) {
      await pause(LOOK_EVERY_MS);
    }
    await pause(5 * LOOK_EVERY_MS);
    expect(collect.mock.calls).toEqual(
      Array.from({ length: 2 }, () => [{ type: 'major', execution: 'sync', flavor: 'last-resort' }]),
    );
  });

  it('should wait while the event loop is busy', async () => {
    const collect = collections();
    const busyUntil = performance.now() + 10 * LOOK_EVERY_MS;
    collectAfterStart(collect, LOOK_EVERY_MS);
    while (performance.now() < busyUntil) {
      const until = performance.now() + LOOK_EVERY_MS / 2;
      while (performance.now() < until) {
        // The loop is held.
      }
      await turn();
    }
    expect(collect).not.toHaveBeenCalled();
    while (collect.mock.calls.length === 0) {
      await pause(LOOK_EVERY_MS);
    }
  });

  it('should do nothing where the process was started without --expose-gc', () => {
    expect(() => collectAfterStart(undefined, LOOK_EVERY_MS)).not.toThrow();
  });
});
