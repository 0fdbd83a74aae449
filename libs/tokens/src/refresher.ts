import { Inject, Injectable } from '@nestjs/common';
import type { AuditOrigin } from '@app/audit';
import { Clock, type ConnectionName } from '@app/common';
import { AttemptsRepository, type Connection, ConnectionsRepository, type Trigger } from '@app/connections';
import { nextStep, ProviderRegistry, type Step } from '@app/providers';
import { AttemptRunner } from './attempt.runner.js';
import type { AttemptEnd } from './attempt.store.js';
import { blockedError, drainingError, failureError, notFound } from './refusal.js';

/** Pauses between looks at a row on which another replica holds the lease. */
const LOOK_AGAIN_MS = 60;

/** Why and for whom a refresh is made. */
export interface RefreshReason {
  readonly trigger: Trigger;
  readonly origin: AuditOrigin;
}

/**
 * Renews a connection's token: once, however many callers of this process and replicas ask. Callers and the scheduler both
 * come here.
 */
@Injectable()
export class Refresher {
  readonly #flights = new Map<string, Promise<Connection>>();
  #draining = false;

  constructor(
    private readonly connections: ConnectionsRepository,
    private readonly attempts: AttemptsRepository,
    private readonly runner: AttemptRunner,
    private readonly registry: ProviderRegistry,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /**
   * The connection with a token newer than the one that `stale` holds, obtained here or by another replica.
   * @throws BrokerError for what the provider answered, for a state or a back-off that forbids sending, or while stopping.
   */
  refresh(stale: Connection, reason: RefreshReason): Promise<Connection> {
    // By generation: a flight that an older one left behind must not answer for the one that is reported now.
    const key = `${stale.id}/${stale.generation}`;
    const flying = this.#flights.get(key);
    if (flying !== undefined) {
      return flying;
    }
    if (this.#draining) {
      return Promise.reject(drainingError());
    }
    const flight = this.#fly(stale, reason).finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }

  /** Begins no more flights and resolves when those under way have stored their outcome. */
  async drain(): Promise<void> {
    this.#draining = true;
    await Promise.allSettled(this.#flights.values());
  }

  async #fly(stale: Connection, reason: RefreshReason): Promise<Connection> {
    const ignoreBackoff = reason.trigger === 'admin';
    let current = stale;
    for (;;) {
      if (current.generation !== stale.generation) {
        return current;
      }
      const blocked = blockedError(current, this.clock.now(), ignoreBackoff);
      if (blocked !== undefined) {
        throw blocked;
      }
      const end = await this.#attempt(current, reason, ignoreBackoff);
      if (end === undefined) {
        await this.#waitForOther();
      }
      current = await this.#reload(current);
      // A failure of a generation that somebody else replaced meanwhile is nobody's failure.
      if (end?.kind === 'failed' && !end.mayRelogin && current.generation === stale.generation) {
        throw failureError(end.failure.kind, end.failure, current, end.retryInMs);
      }
    }
  }

  /** One attempt, or undefined where another replica makes it. */
  async #attempt(
    current: Connection,
    { trigger, origin }: RefreshReason,
    ignoreBackoff: boolean,
  ): Promise<AttemptEnd | undefined> {
    const openedAt = performance.now();
    const { id: connectionId, generation } = current;
    const step = this.#stepOf(current);
    const attempt = await this.attempts.open({ connectionId, generation, step, trigger, origin, ignoreBackoff });
    return attempt && this.runner.run(attempt, openedAt);
  }

  #stepOf({ type, fields, token, nextStep: planned }: Connection): Step {
    const provider = this.registry.require(type);
    const tokenLives = token === null ? null : token.expiresAt > this.clock.now();
    // Where no step can be made, the attempt itself says so: it ends as misconfigured, is recorded and stops the retries.
    return nextStep(provider, fields, { tokenLives, rejected: planned === 'relogin' }) ?? 'refresh';
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
