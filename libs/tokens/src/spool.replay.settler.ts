import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '@app/common';
import { AdoptionsRepository, type SpoolEntry } from '@app/connections';
import { FailureStore } from './failure.store.js';
import { GrantStore } from './grant.store.js';
import { SpoolReplayReader } from './spool.replay.reader.js';

/**
 * What became of an answer of the spool. `settled`: it is in the database, or was of no use, and the spool was told. `salvaged`:
 * the database holds the credential that came with it. `unread`: its configuration, or a key, must be mended first.
 */
export type Settled = 'settled' | 'salvaged' | 'gone' | 'unread';

/** Brings one answer of the spool to its end, as the runner of its attempt would have done. */
@Injectable()
export class SpoolReplaySettler {
  constructor(
    private readonly adoptions: AdoptionsRepository,
    private readonly reader: SpoolReplayReader,
    private readonly grants: GrantStore,
    private readonly failures: FailureStore,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** @throws Error where the connection's credential does not open, or the database cannot be asked. */
  async settle(entry: SpoolEntry): Promise<Settled> {
    const { attempt: attemptId, connectionId, generation, sentAt } = entry;
    const reopened = await this.adoptions.reopen({ attemptId, connectionId, generation });
    const read = reopened && (await this.reader.read(entry, reopened));
    if (read === undefined) {
      if (reopened === undefined) {
        return 'gone';
      }
      // Whoever kept it may have brought it to its end a moment ago.
      return this.reader.holds(entry) ? 'unread' : 'settled';
    }
    const { attempt, outcome } = read;
    const durationMs = Math.max(0, (entry.answeredAt ?? sentAt) - sentAt);
    if (outcome.kind === 'ok') {
      // The token may be dead by now; the credential that came with it counts all the same.
      const sentAtMonotonic = performance.now() - Math.max(0, this.clock.now() - sentAt);
      await this.grants.store(attempt, outcome, undefined, durationMs, sentAtMonotonic);
      return 'settled';
    }
    if (outcome.kind === 'unknown' && outcome.salvaged === undefined) {
      return 'unread';
    }
    await this.failures.store(attempt, outcome, durationMs);
    return outcome.salvaged === undefined ? 'settled' : 'salvaged';
  }
}
