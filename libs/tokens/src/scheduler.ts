import { Inject, Injectable } from '@nestjs/common';
import { errorFacts, isBrokerError, Log } from '@app/common';
import { Config } from '@app/config';
import { ConnectionsRepository, type DueConnection, type SealedConnection } from '@app/connections';
import { ProviderHealth } from './health/provider.health.js';
import { keepAliveAt } from './idleness.js';
import { Refresher } from './refresher.js';

/** Renewals under way at once for one provider from this replica: twice what is sent at once, the others are prepared or stored. */
const MOST_PER_PROVIDER = 16;
/** A claim is made once so large a part of them is free. */
const CLAIM_AT_ONCE = 0.5;

/** What is known of one provider between two looks. */
interface Lane {
  running: number;
  /** False once a claim brought less than was asked for: nothing more is due until the next look. */
  hasMore: boolean;
}

/**
 * Renews tokens ahead of expiry. The row is the job: what is due is claimed from the table, and nothing else is remembered. A claim
 * costs the same for one connection as for eight, so it waits until half of what may run is free, or for the next look.
 */
@Injectable()
export class Scheduler {
  readonly #lanes = new Map<string, Lane>();
  #sendable: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #claiming: Promise<void> | undefined;
  /** Somebody asked for a claim during one; `look` where it is to be a whole look. */
  #again: 'no' | 'more' | 'look' = 'no';
  #stopped = true;

  constructor(
    private readonly connections: ConnectionsRepository,
    private readonly refresher: Refresher,
    private readonly health: ProviderHealth,
    @Inject(Config) private readonly config: Config,
    @Inject(Log) private readonly log: Log,
  ) {}

  /** Looks for due connections now and then until `stop`. */
  start(): void {
    this.#stopped = false;
    this.#timer = setInterval(() => this.#wake('look'), this.config.timing.lookEveryMs);
    this.#wake('look');
  }

  /** Claims nothing more; refreshes under way go on (Refresher.drain waits for them). */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#claiming;
  }

  /** One claim at a time; a wake during one is remembered. */
  #wake(why: 'more' | 'look'): void {
    if (this.#stopped || this.#claiming !== undefined) {
      this.#again = this.#again === 'look' ? 'look' : why;
      return;
    }
    this.#again = 'no';
    this.#claiming = (why === 'look' ? this.#look() : this.#claim())
      .catch((error: unknown) =>
        this.log.warn('Due connections cannot be claimed; it is tried again.', errorFacts(error)),
      )
      .finally(() => {
        this.#claiming = undefined;
        if (this.#again !== 'no') {
          this.#wake(this.#again);
        }
      });
  }

  /** A claim for all that is free, with the providers read anew. */
  async #look(): Promise<void> {
    this.#sendable = await this.connections.sendableProviders();
    this.#lanes.forEach((lane) => (lane.hasMore = true));
    await this.#claimFor(this.#slots(0));
  }

  /** A claim for those of which enough is free. */
  #claim(): Promise<void> {
    return this.#claimFor(this.#slots(CLAIM_AT_ONCE));
  }

  async #claimFor(slots: Readonly<Record<string, number>>): Promise<void> {
    if (this.#stopped || Object.keys(slots).length === 0) {
      return;
    }
    const claimed = await this.connections.claimDue(slots);
    for (const [name, free] of Object.entries(slots)) {
      this.#lane(name).hasMore = claimed.filter(({ provider }) => provider === name).length === free;
    }
    claimed.forEach((due) => void this.#renew(due));
  }

  /** How many may be claimed of each provider, where that is at least so large a part of what may run. */
  #slots(part: number): Readonly<Record<string, number>> {
    const slots = this.#sendable.flatMap((name) => {
      const most = this.health.slots(name, MOST_PER_PROVIDER);
      const { running, hasMore } = this.#lane(name);
      const free = most - running;
      return hasMore && free > 0 && free >= most * part ? [[name, free] as const] : [];
    });
    return Object.fromEntries(slots);
  }

  async #renew(due: DueConnection): Promise<void> {
    const lane = this.#lane(due.provider);
    lane.running += 1;
    try {
      const connection = due.read();
      if (!(await this.#isLeftAlone(connection))) {
        await this.refresher.renew(connection, { trigger: 'schedule', origin: { actor: { type: 'system' } } });
      }
    } catch (error) {
      const { provider, connection } = due;
      const level = isBrokerError(error) ? 'warn' : 'error';
      this.log[level]('A scheduled refresh failed.', { provider, connection, ...errorFacts(error) });
    } finally {
      lane.running -= 1;
      this.#wakeFor(due.provider);
    }
  }

  /** Where not enough is free yet, whoever ends next asks again. */
  #wakeFor(provider: string): void {
    const { running, hasMore } = this.#lane(provider);
    if (hasMore && running <= MOST_PER_PROVIDER * (1 - CLAIM_AT_ONCE)) {
      this.#wake('more');
    }
  }

  /** For what can be used only once every refresh is a risk: while nobody uses the connection, it is only kept alive. */
  async #isLeftAlone(connection: SealedConnection): Promise<boolean> {
    const keepAlive = keepAliveAt(connection);
    return keepAlive !== undefined && this.connections.postpone(connection, keepAlive);
  }

  #lane(provider: string): Lane {
    const known = this.#lanes.get(provider);
    if (known !== undefined) {
      return known;
    }
    const lane = { running: 0, hasMore: true };
    this.#lanes.set(provider, lane);
    return lane;
  }
}
