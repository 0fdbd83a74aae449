import { Inject, Injectable } from '@nestjs/common';
import { Config } from '@app/config';
import type { SealedConnection } from '@app/connections';
import { circuitState } from '../tokens.metrics.js';
import { type Admission, Circuit } from './circuit.js';
import { RetryBudget } from './retry-budget.js';

const GAUGE = { closed: 0, half_open: 1, open: 2 } as const;

interface Health {
  readonly circuit: Circuit;
  readonly budget: RetryBudget;
}

/** What the health of its provider needs to know of a connection that is to be renewed. */
type Asking = Pick<SealedConnection, 'provider' | 'traits'>;

/** How each provider fares, as this replica sees it: whether it may be sent to, and how many retries it can bear. */
@Injectable()
export class ProviderHealth {
  readonly #providers = new Map<string, Health>();

  constructor(@Inject(Config) private readonly config: Config) {}

  /** Requests that the scheduler may have under way at once: none while the circuit is open, one where that will tell. */
  slots(provider: string, most: number): number {
    const state = this.#of(provider).circuit.state(performance.now());
    circuitState.set({ provider }, GAUGE[state]);
    if (state === 'closed') {
      return most;
    }
    return state === 'half_open' ? 1 : 0;
  }

  /**
   * Leave to send one request, or the milliseconds after which to ask again. Of a provider with rolling tokens the circuit opens for a
   * few seconds only: whose token ends while nobody sends needs a person afterwards.
   */
  admit({ provider, traits }: Asking, oneShot: boolean, forced: boolean): Admission | { readonly retryInMs: number } {
    const { circuit } = this.#of(provider);
    const now = performance.now();
    if (traits.rolling !== 'none') {
      circuit.openAtMost(this.config.timing.circuitRollingMs, now);
    }
    return circuit.admit(now, oneShot, forced) ?? { retryInMs: circuit.retryIn(now) };
  }

  /** Counts an attempt; false for a retry where too many are made. */
  affords(provider: string, isRetry: boolean): boolean {
    const { budget } = this.#of(provider);
    if (isRetry) {
      return budget.withdraw(performance.now());
    }
    budget.deposit(performance.now());
    return true;
  }

  #of(provider: string): Health {
    const known = this.#providers.get(provider);
    if (known !== undefined) {
      return known;
    }
    const health = { circuit: new Circuit(this.config.timing.circuitOpenMs), budget: new RetryBudget() };
    this.#providers.set(provider, health);
    return health;
  }
}
