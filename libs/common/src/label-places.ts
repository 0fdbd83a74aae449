interface Node<Place> {
  readonly next: Map<string, Node<Place>>;
  place?: Place;
}

const newNode = <Place>(): Node<Place> => ({ next: new Map() });

/** A place for each set of label values. It is found by the values themselves: no text is made of them. */
export class LabelPlaces<Label extends string, Place> {
  readonly #root = newNode<Place>();
  readonly #known: (readonly [Record<Label, string>, Place])[] = [];

  constructor(
    private readonly names: readonly Label[],
    private readonly make: () => Place,
  ) {}

  /** That of these values, one for each name and in their order. */
  find(values: readonly string[]): Place {
    let node = this.#root;
    for (const value of values) {
      let next = node.next.get(value);
      if (next === undefined) {
        next = newNode();
        node.next.set(value, next);
      }
      node = next;
    }
    return (node.place ??= this.#add(values));
  }

  /** All that there are, each with its labels. */
  known(): Iterable<readonly [Record<Label, string>, Place]> {
    return this.#known;
  }

  #add(values: readonly string[]): Place {
    if (values.length !== this.names.length) {
      throw new Error(`${values.length} values for the labels ${this.names.join(', ')}: give one for each.`);
    }
    const labels = Object.fromEntries(this.names.map((name, index) => [name, values[index]])) as Record<Label, string>;
    const place = this.make();
    this.#known.push([labels, place]);
    return place;
  }
}
