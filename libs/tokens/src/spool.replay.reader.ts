import { Injectable } from '@nestjs/common';
import { type OpenAttempt, Spool, type SpoolEntry } from '@app/connections';
import { type Outcome, ProviderRegistry, RefreshExchange } from '@app/providers';

/** An attempt as it was when its answer came, and what the answer means by today's configuration. */
export interface ReadAgain {
  readonly attempt: OpenAttempt;
  readonly outcome: Outcome;
}

/** Reads answers of the spool again. */
@Injectable()
export class SpoolReplayReader {
  constructor(
    private readonly spool: Spool,
    private readonly registry: ProviderRegistry,
    private readonly exchange: RefreshExchange,
  ) {}

  /** False where somebody else brought it to its end meanwhile. */
  holds(entry: SpoolEntry): boolean {
    return this.spool.holds(entry);
  }

  /** Undefined where the answer does not open, or is gone by now. */
  async read(entry: SpoolEntry, reopened: OpenAttempt): Promise<ReadAgain | undefined> {
    const spooled = await this.spool.read(entry);
    if (spooled === undefined) {
      return undefined;
    }
    const { step, answer } = spooled;
    // A database that was restored may not know of the attempt: the spool says what it was.
    const own = { id: entry.attempt, generation: entry.generation, epoch: entry.epoch };
    const attempt = { ...reopened, ...own, step, oneShot: entry.epoch !== null, irretrievable: true };
    const provider = this.registry.require(attempt.type);
    const answeredAt = entry.answeredAt ?? entry.sentAt;
    return { attempt, outcome: this.exchange.readAgain(provider, step, answer, attempt.effective, answeredAt) };
  }
}
