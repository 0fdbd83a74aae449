import { Inject, Injectable } from '@nestjs/common';
import { errorFacts, isBrokerError, Log } from '@app/common';
import { Config } from '@app/config';
import { type Connection, ConnectionsRepository, type DueConnection } from '@app/connections';
import { ProviderHealth } from './health/provider.health.js';
import { keepAliveAt } from './idleness.js';
import { Refresher } from './refresher.js';

/** Requests under way at once to one provider from this replica. */
const MOST_PER_PROVIDER = 8;

/** Renews tokens ahead of expiry. The row is the job: what is due is claimed from the table, and nothing else is remembered. */
@Injectable()
export class Scheduler {
  readonly #running = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #claiming: Promise<void> | undefined;
  #again = false;
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
    this.#timer = setInterval(() => this.#wake(), this.config.timing.lookEveryMs);
    this.#wake();
  }

  /** Claims nothing more; refreshes under way go on (Refresher.drain waits for them). */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#claiming;
  }

  /** One claim at a time; a wake during one is remembered. */
  #wake(): void {
    if (this.#stopped || this.#claiming !== undefined) {
      this.#again = true;
      return;
    }
    this.#again = false;
    this.#claiming = this.#claim()
      .catch((error: unknown) =>
        this.log.warn('Due connections cannot be claimed; it is tried again.', errorFacts(error)),
      )
      .finally(() => {
        this.#claiming = undefined;
        if (this.#again) {
          this.#wake();
        }
      });
  }

  async #claim(): Promise<void> {
    const names = await this.connections.sendableProviders();
    const slots = Object.fromEntries(
      names
        .map((name) => [name, this.health.slots(name, MOST_PER_PROVIDER) - (this.#running.get(name) ?? 0)] as const)
        .filter(([, free]) => free > 0),
    );
    if (this.#stopped || Object.keys(slots).length === 0) {
      return;
    }
    for (const due of await this.connections.claimDue(slots)) {
      void this.#renew(due);
    }
  }

  async #renew(due: DueConnection): Promise<void> {
    this.#running.set(due.provider, (this.#running.get(due.provider) ?? 0) + 1);
    try {
      const connection = await this.connections.find(due);
      // A caller may have had it renewed since the claim: the new token is not due.
      const isDue = connection?.generation === due.generation;
      if (isDue && !(await this.#isLeftAlone(connection))) {
        await this.refresher.refresh(connection, { trigger: 'schedule', origin: { actor: { type: 'system' } } });
      }
    } catch (error) {
      const { provider, connection } = due;
      const level = isBrokerError(error) ? 'warn' : 'error';
      this.log[level]('A scheduled refresh failed.', { provider, connection, ...errorFacts(error) });
    } finally {
      this.#running.set(due.provider, (this.#running.get(due.provider) ?? 1) - 1);
      this.#wake();
    }
  }

  /** For what can be used only once every refresh is a risk: while nobody uses the connection, it is only kept alive. */
  async #isLeftAlone(connection: Connection): Promise<boolean> {
    const keepAlive = keepAliveAt(connection);
    return keepAlive !== undefined && this.connections.postpone(connection, keepAlive);
  }
}
