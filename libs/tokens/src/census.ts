import { Inject, Injectable } from '@nestjs/common';
import { Clock, KeptFlight } from '@app/common';
import { ConnectionsRepository, KeyStandings } from '@app/connections';
import { connectionsByState, secondsToNextExpiry } from './tokens.metrics.js';

/** Scrapes within this time share one count, and one that failed. */
const KEEP_MS = 10_000;
/** A count is kept so many times as long as it took: counting a million rows takes a while, and is to cost a fiftieth of a core. */
const KEEP_TIMES = 50;

/** Fills the gauges that are counted in the database. */
@Injectable()
export class Census {
  readonly #flight = new KeptFlight(KEEP_MS, KEEP_TIMES);

  constructor(
    private readonly connections: ConnectionsRepository,
    private readonly keys: KeyStandings,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** To be called before the metrics are read. One count at a time, whoever asks: the metrics need no key. */
  take(): Promise<void> {
    return this.#flight.join(() => this.#count());
  }

  async #count(): Promise<void> {
    await this.keys.measure();
    const lines = await this.connections.census();
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
