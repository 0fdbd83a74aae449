import { Counter, type CounterConfiguration } from 'prom-client';
import { LabelPlaces } from './label-places.js';

type Configuration<Label extends string> = Omit<CounterConfiguration<Label>, 'collect'> & {
  readonly labelNames: readonly Label[];
};

/**
 * A counter of what happens with every request (ADR 62): counting is an addition. prom-client, which makes a text of the labels for each
 * count, is told when the metrics are read.
 */
export class HotCounter<Label extends string> {
  readonly #counts: LabelPlaces<Label, { count: number }>;
  readonly #counter: Counter<Label>;

  constructor(configuration: Configuration<Label>) {
    this.#counts = new LabelPlaces(configuration.labelNames, () => ({ count: 0 }));
    this.#counter = new Counter({ ...configuration, collect: () => this.#tell() });
  }

  /** One more with these values, one for each of `labelNames` and in their order. */
  inc(...values: readonly string[]): void {
    this.#counts.find(values).count += 1;
  }

  #tell(): void {
    for (const [labels, place] of this.#counts.known()) {
      this.#counter.inc(labels, place.count);
      place.count = 0;
    }
  }
}
