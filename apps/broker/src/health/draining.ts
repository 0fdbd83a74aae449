import { BrokerError } from '@app/common';
import { Injectable } from '@nestjs/common';

/** Whether the broker is stopping: readiness says so, no new request is begun, and those under way are finished. */
@Injectable()
export class Draining {
  #on = false;
  #underWay = 0;
  #idle: (() => void) | undefined;
  readonly #stopping = new AbortController();

  /** Aborted when the broker stops: what would take long to finish ends early. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  get isOn(): boolean {
    return this.#on;
  }

  /** Requests that are being answered. */
  get underWay(): number {
    return this.#underWay;
  }

  /** A request was taken on. */
  enter(): void {
    this.#underWay += 1;
  }

  /** It was answered, or its sender went away. */
  leave(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) {
      this.#idle?.();
    }
  }

  /** Takes on no more requests; resolves when none is under way. */
  begin(): Promise<void> {
    this.#on = true;
    const detail = 'This broker is stopping. Ask again: another one answers.';
    this.#stopping.abort(new BrokerError('shutting_down', detail, { retryAfter: 1 }));
    return new Promise((resolve) => {
      this.#idle = resolve;
      if (this.#underWay === 0) {
        resolve();
      }
    });
  }
}
