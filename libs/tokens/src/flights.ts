/** Joins those who ask for the same thing at the same time: the first has it done, the others get what comes of it. */
export class Flights<Result> {
  readonly #flights = new Map<string, Promise<Result>>();

  /** What is under way for this key, or `begin` it. Whatever begins after the end of one is a new one. */
  join(key: string, begin: () => Promise<Result>): Promise<Result> {
    const flying = this.#flights.get(key);
    if (flying !== undefined) {
      return flying;
    }
    const flight = begin().finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }
}
