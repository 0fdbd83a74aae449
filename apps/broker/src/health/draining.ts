import { Injectable } from '@nestjs/common';

/** Whether the broker is stopping: readiness says so, and no new request is begun. */
@Injectable()
export class Draining {
  #on = false;

  get isOn(): boolean {
    return this.#on;
  }

  begin(): void {
    this.#on = true;
  }
}
