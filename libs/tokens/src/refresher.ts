import { Inject, Injectable } from '@nestjs/common';
import type { ConnectionName } from '@app/common';
import { Config } from '@app/config';
import { type Connection, ConnectionsRepository, type SealedConnection } from '@app/connections';
import { AttemptStarter, type RefreshReason } from './attempt.starter.js';
import { Planner } from './planner.js';
import { patiently } from './patience.js';
import { drainingError, failureError, notFound, pendingError } from './refusal.js';
import { SendSlots } from './send.slots.js';

/** Pauses between looks at a row on which another replica holds the lease. */
const LOOK_AGAIN_MS = 60;

/** A refresh under way. */
interface Flight {
  /** The newer connection where it was read on the way; undefined where it was renewed here and nobody has read it since. */
  readonly landing: Promise<Connection | undefined>;
  /** The newer connection, read once for all who ask. */
  arrived: Promise<Connection> | undefined;
}

/**
 * Renews a connection's token: once, however many callers of this process and replicas ask. Callers and the scheduler both
 * come here.
 */
@Injectable()
export class Refresher {
  readonly #flights = new Map<string, Flight>();
  #draining = false;

  constructor(
    private readonly connections: ConnectionsRepository,
    private readonly planner: Planner,
    private readonly starter: AttemptStarter,
    private readonly slots: SendSlots,
    @Inject(Config) private readonly config: Config,
  ) {}

  /**
   * The connection with a token newer than the one that `stale` holds, obtained here or by another replica.
   * @throws BrokerError for what the provider answered, for a state or a back-off that forbids sending, or while stopping.
   */
  async refresh(stale: SealedConnection, reason: RefreshReason): Promise<Connection> {
    const flight = this.#join(stale, reason);
    flight.arrived ??= flight.landing.then((connection) => connection ?? this.#reload(stale));
    return flight.arrived;
  }

  /** As `refresh`, for those who do not want the token: it is not read. */
  async renew(stale: SealedConnection, reason: RefreshReason): Promise<void> {
    await this.#join(stale, reason).landing;
  }

  /** As `refresh`, but not for longer than a caller waits; the refresh goes on without it. @throws BrokerError `refresh_pending`. */
  refreshForCaller(stale: SealedConnection, reason: RefreshReason): Promise<Connection> {
    return patiently(this.refresh(stale, reason), this.config.timing.patienceMs, () => pendingError(stale));
  }

  /** Begins no more flights and resolves when those under way have stored their outcome. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.slots.close();
    await Promise.allSettled([...this.#flights.values()].map(({ landing }) => landing));
  }

  /** The flight of this generation, begun where there is none. @throws BrokerError while stopping. */
  #join(stale: SealedConnection, reason: RefreshReason): Flight {
    // By generation: a flight that an older one left behind must not answer for the one that is reported now.
    const key = `${stale.id}/${stale.generation}`;
    const flying = this.#flights.get(key);
    if (flying !== undefined) {
      this.#hurry(stale, reason);
      return flying;
    }
    if (this.#draining) {
      throw drainingError();
    }
    const landing = this.#fly(stale, reason).finally(() => this.#land(key, stale));
    const flight: Flight = { landing, arrived: undefined };
    this.#flights.set(key, flight);
    return flight;
  }

  /** Nobody waits behind what is only renewed ahead of expiry. */
  #hurry(stale: SealedConnection, { trigger }: RefreshReason): void {
    if (trigger !== 'schedule') {
      this.slots.hurry(stale);
    }
  }

  #land(key: string, { id }: SealedConnection): void {
    this.#flights.delete(key);
    this.slots.forget(id);
  }

  async #fly(stale: SealedConnection, reason: RefreshReason): Promise<Connection | undefined> {
    let before = stale;
    for (;;) {
      const step = await this.planner.nextStep(before, reason.trigger === 'admin');
      const end = step && (await this.starter.attempt(before, step, reason));
      if (end?.kind === 'ok') {
        return undefined;
      }
      const current = await this.#reload(before);
      // A failure of a generation that somebody else replaced meanwhile is nobody's failure.
      if (current.generation !== stale.generation) {
        return current;
      }
      if (end?.kind === 'failed') {
        throw failureError(end.failure.kind, end.failure, current, end.retryInMs);
      }
      // Where another attempt was made since the decision, decide anew at once; else wait for the row to change.
      if (end === undefined && (current.leased || current.fence === before.fence)) {
        await this.#waitForOther();
      }
      if (end === undefined && this.#draining) {
        throw drainingError();
      }
      before = current;
    }
  }

  async #reload(name: ConnectionName): Promise<Connection> {
    const connection = await this.connections.find(name);
    if (connection === undefined) {
      throw notFound(name);
    }
    return connection;
  }

  #waitForOther(): Promise<void> {
    return new Promise((resolve) => void setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
