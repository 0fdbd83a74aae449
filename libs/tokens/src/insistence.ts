import { Inject, Injectable } from '@nestjs/common';
import { errorFacts, Log } from '@app/common';

/** Pauses between tries; the last one repeats until it holds. */
const AGAIN_AFTER_MS = [50, 200, 500, 1000, 2000] as const;

/** Writes that must hold, whatever the database does meanwhile. */
@Injectable()
export class Insistence {
  constructor(@Inject(Log) private readonly log: Log) {}

  /** Repeats `write` until it holds. `keep` is done once as soon as it failed: it makes safe elsewhere what is to be written. */
  async untilItHolds<Result>(write: () => Promise<Result>, keep?: () => Promise<void>): Promise<Result> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await write();
      } catch (error) {
        this.log.error('The outcome of an attempt cannot be stored yet; it is tried again.', errorFacts(error));
        if (tries === 0 && keep !== undefined) {
          await this.ifPossible(keep);
        }
        const pause = AGAIN_AFTER_MS[Math.min(tries, AGAIN_AFTER_MS.length - 1)];
        await new Promise((resolve) => void setTimeout(resolve, pause));
      }
    }
  }

  /** Does `work` where it can be done. What the spool still holds is put in order later: what is stored twice does no harm. */
  async ifPossible(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.log.error('The spool could not be written. Check that its disk is there and has room.', errorFacts(error));
    }
  }
}
