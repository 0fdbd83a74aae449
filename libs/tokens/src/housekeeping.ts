import { Inject, Injectable } from '@nestjs/common';
import { errorFacts, Log } from '@app/common';
import { Config } from '@app/config';
import { AttemptRecorder } from './attempt.recorder.js';
import { SpoolReplay } from './spool.replay.js';
import { Usage } from './usage.js';

const COMPLETE_EVERY_MS = 10_000;

/** What is done now and then beside refreshing: answers left in the spool are stored, and the audit log is completed. */
@Injectable()
export class Housekeeping {
  #timers: NodeJS.Timeout[] = [];
  #working: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(
    private readonly replay: SpoolReplay,
    private readonly recorder: AttemptRecorder,
    private readonly usage: Usage,
    @Inject(Config) private readonly config: Config,
    @Inject(Log) private readonly log: Log,
  ) {}

  start(): void {
    this.usage.start();
    this.#timers = [
      this.#every(this.config.timing.replayEveryMs, () => this.replay.run()),
      this.#every(COMPLETE_EVERY_MS, () => this.recorder.completeLeftBehind()),
    ];
  }

  /** Begins nothing more, not even what waits for its turn, and resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#timers.forEach((timer) => clearInterval(timer));
    await this.#working;
    await this.usage.stop();
  }

  /** One thing at a time, in turn: none is urgent. What takes longer than its interval is not due again before it is done. */
  #every(ms: number, work: () => Promise<unknown>): NodeJS.Timeout {
    let isPending = false;
    return setInterval(() => {
      if (isPending) {
        return;
      }
      isPending = true;
      this.#working = this.#working.then(() => this.#do(work)).finally(() => (isPending = false));
    }, ms);
  }

  async #do(work: () => Promise<unknown>): Promise<void> {
    try {
      await (this.#stopping ? undefined : work());
    } catch (error) {
      this.log.warn('Housekeeping failed; it is tried again.', errorFacts(error));
    }
  }
}
