import { errorFacts, type Log } from '@app/common';

interface Step {
  readonly what: string;
  readonly end: () => Promise<void>;
  readonly withinMs: number;
}

/** What was started, to be ended in the reverse order, once. A step that fails or takes too long does not keep the others. */
export class CleanUp {
  readonly #steps: Step[] = [];
  #running: Promise<void> | undefined;

  constructor(private readonly log: Log) {}

  add(what: string, withinMs: number, end: () => Promise<void>): void {
    this.#steps.push({ what, withinMs, end });
  }

  /** Resolves when everything has ended or was given up. */
  run(): Promise<void> {
    this.#running ??= this.#runAll();
    return this.#running;
  }

  async #runAll(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      await this.#runOne(step);
    }
  }

  async #runOne({ what, withinMs, end }: Step): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const impatience = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.log.warn('Something did not stop in time and is left behind.', { source: what });
        resolve();
      }, withinMs);
    });
    try {
      await Promise.race([end(), impatience]);
    } catch (error) {
      this.log.error('Something did not stop as it should.', { source: what, ...errorFacts(error) });
    } finally {
      clearTimeout(timer);
    }
  }
}
