import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '@app/common';
import { ConnectionsRepository, KeyStandings } from '@app/connections';
import { connectionsByState, secondsToNextExpiry } from './tokens.metrics.js';

/** Counting a million rows takes a while: scrapes within this time share one count. */
const KEEP_MS = 10_000;

/** Fills the gauges that are counted in the database. */
@Injectable()
export class Census {
  #takenAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly connections: ConnectionsRepository,
    private readonly keys: KeyStandings,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** To be called before the metrics are read. */
  async take(): Promise<void> {
    if (performance.now() - this.#takenAt < KEEP_MS) {
      return;
    }
    await this.keys.measure();
    const lines = await this.connections.census();
    this.#takenAt = performance.now();
    connectionsByState.reset();
    secondsToNextExpiry.reset();
    for (const { provider, state, count, nextExpiry } of lines) {
      connectionsByState.set({ provider, state }, count);
      if (state === 'active' && nextExpiry !== null) {
        secondsToNextExpiry.set({ provider }, Math.round((nextExpiry - this.clock.now()) / 1000));
      }
    }
  }
}
