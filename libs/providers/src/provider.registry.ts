import { invalidRequest } from '@app/common';
import type { Provider } from './provider.js';

/** The types that can be configured, by name. */
export class ProviderRegistry {
  readonly #providers: ReadonlyMap<string, Provider>;

  /** @throws Error where two providers claim one type. */
  constructor(providers: readonly Provider[]) {
    this.#providers = new Map(providers.map((provider) => [provider.type, provider]));
    if (this.#providers.size !== providers.length) {
      throw new Error('Two provider types have the same name: rename one of them.');
    }
  }

  /** The provider of this type, or undefined where there is none. */
  find(type: string): Provider | undefined {
    return this.#providers.get(type);
  }

  /**
   * The provider of this type.
   * @throws BrokerError `invalid_request` for the field `type`, with the types that there are.
   */
  require(type: string): Provider {
    const provider = this.find(type);
    if (provider === undefined) {
      const types = this.all().map((one) => one.type);
      throw invalidRequest([{ field: 'type', message: `must be one of: ${types.join(', ')}` }]);
    }
    return provider;
  }

  /** All of them, in alphabetical order of their types. */
  all(): readonly Provider[] {
    return [...this.#providers.values()].toSorted((one, other) => one.type.localeCompare(other.type, 'en'));
  }
}
