import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EventLoop } from './event-loop.js';

describe(EventLoop.name, () => {
  let sut: EventLoop;

  beforeEach(() => {
    jest.useFakeTimers();
    sut = new EventLoop();
  });

  afterEach(() => {
    sut.onModuleDestroy();
    jest.useRealTimers();
  });

  it('should be healthy from the start and while it beats', () => {
    expect(sut.isHealthy()).toBe(true);
    jest.advanceTimersByTime(60_000);
    expect(sut.isHealthy()).toBe(true);
  });

  it('should be unhealthy a second after its last beat', () => {
    // Without its timer it beats no more, as where the process is frozen or too busy.
    sut.onModuleDestroy();
    jest.advanceTimersByTime(999);
    expect(sut.isHealthy()).toBe(true);
    jest.advanceTimersByTime(1);
    expect(sut.isHealthy()).toBe(false);
  });

  it('should let the process end', () => {
    sut.onModuleDestroy();
    expect(jest.getTimerCount()).toBe(0);
  });
});
