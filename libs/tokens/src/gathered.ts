interface Batch<Item> {
  readonly items: Item[];
  readonly written: Promise<void>;
}

/** Many small writes that nobody waits for, as few: what is added within `pauseMs` is written together, one write at a time. */
export class Gathered<Item> {
  #underWay: Promise<unknown> = Promise.resolve();
  #next: Batch<Item> | undefined;

  constructor(
    private readonly pauseMs: number,
    private readonly write: (items: readonly Item[]) => Promise<unknown>,
  ) {}

  /** Resolves when these items are written; rejects where the write that they were part of does. */
  add(items: readonly Item[]): Promise<void> {
    this.#next ??= this.#begin();
    this.#next.items.push(...items);
    return this.#next.written;
  }

  #begin(): Batch<Item> {
    const items: Item[] = [];
    const written = this.#write(items, this.#underWay);
    this.#underWay = written.catch(() => undefined);
    return { items, written };
  }

  async #write(items: readonly Item[], before: Promise<unknown>): Promise<void> {
    await new Promise((resolve) => void setTimeout(resolve, this.pauseMs));
    await before;
    this.#next = undefined;
    await this.write(items);
  }
}
