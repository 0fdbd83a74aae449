import { Injectable, type OnModuleDestroy } from '@nestjs/common';

const BEAT_MS = 250;
const MOST_LAG_MS = 1000;

/** Whether this process keeps up. One that was frozen, or is too busy to answer in time, begins no attempt. */
@Injectable()
export class EventLoop implements OnModuleDestroy {
  #beatAt = performance.now();
  readonly #timer = setInterval(() => {
    this.#beatAt = performance.now();
  }, BEAT_MS).unref();

  isHealthy(): boolean {
    return performance.now() - this.#beatAt < MOST_LAG_MS;
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
  }
}
