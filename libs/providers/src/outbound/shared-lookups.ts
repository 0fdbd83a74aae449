import type { LookupAddress } from 'node:dns';

/** Resolves a name to all its addresses. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

/**
 * Look-ups of names, one at a time for each. Nobody can call the system's look-up off: until its resolver gives up it occupies one of
 * the few threads that are for all names, however many wait for it, or have given up. So whoever asks meanwhile joins it. What it
 * brings is for those who asked before it ended: nothing is remembered, neither addresses nor a failure.
 */
export class SharedLookups {
  readonly #pending = new Map<string, ReturnType<Resolve>>();

  constructor(private readonly ask: Resolve) {}

  /** All addresses of a name, or what its look-up rejects with. */
  readonly resolve: Resolve = (host) => {
    const known = this.#pending.get(host);
    if (known !== undefined) {
      return known;
    }
    const pending = this.ask(host);
    const forget = (): void => void this.#pending.delete(host);
    this.#pending.set(host, pending);
    pending.then(forget, forget);
    return pending;
  };
}
