import { Counter, type CounterConfiguration } from 'prom-client';

type Configuration<Label extends string> = Omit<CounterConfiguration<Label>, 'collect'> & {
  readonly labelNames: readonly Label[];
};

/** What follows the label values that lead here, and how often all of them were counted since the metrics were read. */
interface Place {
  readonly next: Map<string, Place>;
  count: number;
}

const newPlace = (): Place => ({ next: new Map(), count: 0 });

/**
 * A counter of what happens with every request (ADR 62): counting is an addition. prom-client, which makes a text of the labels for each
 * count, is told when the metrics are read.
 */
export class HotCounter<Label extends string> {
  readonly #root = newPlace();
  readonly #counter: Counter<Label>;

  constructor(private readonly configuration: Configuration<Label>) {
    this.#counter = new Counter({ ...configuration, collect: () => this.#tell(this.#root, []) });
  }

  /** One more with these values, one for each of `labelNames` and in their order. */
  inc(...values: readonly string[]): void {
    const { labelNames } = this.configuration;
    if (values.length !== labelNames.length) {
      throw new Error(`${values.length} values for the labels ${labelNames.join(', ')}: give one for each.`);
    }
    let place = this.#root;
    for (const value of values) {
      let next = place.next.get(value);
      if (next === undefined) {
        next = newPlace();
        place.next.set(value, next);
      }
      place = next;
    }
    place.count += 1;
  }

  /** `values` lead to the place. */
  #tell(place: Place, values: readonly string[]): void {
    if (place.count > 0) {
      const labels = this.configuration.labelNames.map((name, index) => [name, values[index]] as const);
      this.#counter.inc(Object.fromEntries(labels) as Record<Label, string>, place.count);
      place.count = 0;
    }
    for (const [value, next] of place.next) {
      this.#tell(next, [...values, value]);
    }
  }
}
