import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '@app/common';
import { ConnectionsRepository, KeyStandings } from '@app/connections';
import { connectionsByState, secondsToNextExpiry } from './tokens.metrics.js';

/** Scrapes within this time share one count. */
const KEEP_MS = 10_000;
/** A count is kept so many times as long as it took: counting a million rows takes a while, and is to cost a fiftieth of a core. */
const KEEP_TIMES = 50;

/** Fills the gauges that are counted in the database. */
@Injectable()
export class Census {
  #keptUntil = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly connections: ConnectionsRepository,
    private readonly keys: KeyStandings,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** To be called before the metrics are read. */
  async take(): Promise<void> {
    const beganAt = performance.now();
    if (beganAt < this.#keptUntil) {
      return;
    }
    await this.keys.measure();
    const lines = await this.connections.census();
    const now = performance.now();
    this.#keptUntil = now + Math.max(KEEP_MS, (now - beganAt) * KEEP_TIMES);
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
