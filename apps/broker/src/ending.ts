import { errorFacts, type Log } from '@app/common';
import type { CleanUp } from './clean-up.js';

/** What ends the process: signals, and errors that nothing expected. */
export interface Endings {
  on(event: string, listener: (cause: unknown) => void): unknown;
  exit(code: number): unknown;
}

/**
 * Ends the process in order, however it is told to, and once: a second signal changes nothing, since all that would be cut short
 * is the storing of what was sent. An error that nothing expected ends it in the same order, with code 1, also while it stops
 * for another reason.
 */
export class Ending {
  #code = 0;
  #began = false;

  constructor(
    private readonly cleanUp: Pick<CleanUp, 'run'>,
    private readonly log: Log,
    private readonly process: Endings,
  ) {}

  /** Listens to the process from now on. */
  listen(): void {
    for (const signal of ['SIGINT', 'SIGTERM']) {
      this.process.on(signal, () => {
        const message = this.#began ? 'Already stopping; what was sent is waited for.' : 'Stopping.';
        this.log.info(message, { signal });
        void this.begin(0);
      });
    }
    for (const event of ['unhandledRejection', 'uncaughtException']) {
      this.process.on(event, (error) => {
        const message = 'Something failed that nothing expected; the broker stops.';
        this.log.error(message, { source: event, ...errorFacts(error) });
        void this.begin(1);
      });
    }
  }

  /** Ends everything that was started, then the process, with the worst code that anybody gave. */
  async begin(code: number): Promise<void> {
    this.#began = true;
    this.#code = Math.max(this.#code, code);
    await this.cleanUp.run();
    this.process.exit(this.#code);
  }
}
