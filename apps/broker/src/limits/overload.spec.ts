import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Overload } from './overload.js';

describe(Overload.name, () => {
  let sut: Overload;
  let now: number;

  beforeEach(() => {
    jest.useFakeTimers();
    now = performance.now();
    sut = new Overload();
  });

  afterEach(() => {
    sut.onModuleDestroy();
    jest.useRealTimers();
  });

  /** For so long, beats that come so much too late. */
  const beats = (ms: number, lateMs: number): void => {
    for (const end = now + ms; now < end;) {
      now += 50 + lateMs;
      sut.beat(now);
    }
  };

  it('should be off while the loop turns in time', () => {
    beats(10_000, 5);
    beats(10_000, 200);
    expect(sut.isOn).toBe(false);
  });

  it('should be on once every turn for a second was late', () => {
    beats(1000, 260);
    expect(sut.isOn).toBe(false);
    beats(600, 260);
    expect(sut.isOn).toBe(true);
  });

  it('should not be on for one pause, however long', () => {
    beats(1, 60_000);
    beats(1000, 0);
    beats(1, 5000);
    beats(1, 0);
    beats(1, 5000);
    expect(sut.isOn).toBe(false);
  });

  it('should stay on until the loop was in time for a whole second', () => {
    beats(3000, 400);
    beats(5000, 150);
    beats(900, 0);
    beats(1, 150);
    beats(900, 0);
    expect(sut.isOn).toBe(true);
    beats(300, 0);
    expect(sut.isOn).toBe(false);
  });

  it('should listen to its own beats, and let the process end', () => {
    jest.advanceTimersByTime(5000);
    expect(sut.isOn).toBe(false);
    sut.onModuleDestroy();
    expect(jest.getTimerCount()).toBe(0);
  });
});
