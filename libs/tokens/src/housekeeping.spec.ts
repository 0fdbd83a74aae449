import { createLog } from '@app/common';
import { type Config, TIMING } from '@app/config';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { AttemptRecorder } from './attempt.recorder.js';
import { Housekeeping } from './housekeeping.js';
import type { SpoolReplay } from './spool.replay.js';
import type { Usage } from './usage.js';

const REPLAY_MS = 30_000;
const COMPLETE_MS = 10_000;

/** Work that lasts until the test ends it. */
class HeldWork {
  begun = 0;
  readonly #ends: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  readonly run = (): Promise<void> => {
    this.begun += 1;
    return new Promise((resolve, reject) => void this.#ends.push({ resolve, reject }));
  };

  async end(): Promise<void> {
    this.#ends.shift()?.resolve();
    await jest.advanceTimersByTimeAsync(0);
  }

  async fail(): Promise<void> {
    this.#ends.shift()?.reject(new Error('gone'));
    await jest.advanceTimersByTimeAsync(0);
  }
}

describe(Housekeeping.name, () => {
  let replay: HeldWork;
  let completing: HeldWork;
  let lines: string[];
  let sut: Housekeeping;

  beforeEach(() => {
    jest.useFakeTimers();
    [replay, completing, lines] = [new HeldWork(), new HeldWork(), []];
    const config: Pick<Config, 'timing'> = { timing: { ...TIMING, replayEveryMs: REPLAY_MS } };
    sut = new Housekeeping(
      replay as unknown as SpoolReplay,
      { completeLeftBehind: completing.run } as unknown as AttemptRecorder,
      { start: () => undefined, stop: () => Promise.resolve() } as Usage,
      config as Config,
      createLog('debug', { write: (line: string) => void lines.push(line) }),
    );
    sut.start();
  });

  afterEach(() => {
    jest.clearAllTimers();
    jest.useRealTimers();
  });

  it('should do work that outlasts three intervals once more, not once for each', async () => {
    await jest.advanceTimersByTimeAsync(COMPLETE_MS);
    expect(completing.begun).toBe(1);
    await jest.advanceTimersByTimeAsync(3.5 * COMPLETE_MS - 1);
    await completing.end();
    // What fell due beside it comes first.
    await replay.end();
    expect([completing.begun, replay.begun]).toEqual([1, 1]);
    await jest.advanceTimersByTimeAsync(COMPLETE_MS);
    expect(completing.begun).toBe(2);
    await completing.end();
    expect(completing.begun).toBe(2);
  });

  it('should let other work wait behind it for one turn alone', async () => {
    await jest.advanceTimersByTimeAsync(REPLAY_MS - 1);
    await completing.end();
    await jest.advanceTimersByTimeAsync(1);
    expect(replay.begun).toBe(1);
    await jest.advanceTimersByTimeAsync(3 * REPLAY_MS);
    await replay.end();
    expect([replay.begun, completing.begun]).toEqual([1, 2]);
    await completing.end();
    expect([replay.begun, completing.begun]).toEqual([1, 2]);
  });

  it('should go on after work that failed', async () => {
    await jest.advanceTimersByTimeAsync(COMPLETE_MS);
    await completing.fail();
    expect(lines.join()).toContain('Housekeeping failed; it is tried again.');
    await jest.advanceTimersByTimeAsync(COMPLETE_MS);
    expect(completing.begun).toBe(2);
  });

  it('should wait for what runs when it stops, and begin nothing more', async () => {
    await jest.advanceTimersByTimeAsync(REPLAY_MS + COMPLETE_MS);
    let stopped = false;
    const stopping = sut.stop().then(() => (stopped = true));
    await jest.advanceTimersByTimeAsync(3 * REPLAY_MS);
    expect(stopped).toBe(false);
    await completing.end();
    await stopping;
    expect([completing.begun, replay.begun]).toEqual([1, 0]);
  });
});
