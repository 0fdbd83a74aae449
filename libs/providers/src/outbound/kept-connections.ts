import type { HttpConnection } from './http-connection.js';

/** As many as are used at once ahead of expiry. */
const MOST_OF_A_PLACE = 8;
/** A name may point elsewhere by then, and an address that was checked be somebody else's. */
const MOST_AGE_MS = 60_000;

/** Connections that stand after a request, for the next one to the same place. Each is used by one request at a time. */
export class KeptConnections {
  readonly #places = new Map<string, HttpConnection[]>();

  /** One that stands, to be kept again or closed; undefined where there is none. */
  take(place: string): HttpConnection | undefined {
    const kept = this.#places.get(place);
    for (let last = kept?.pop(); last !== undefined; last = kept?.pop()) {
      if (last.stands && performance.now() - last.openedAt < MOST_AGE_MS) {
        return last;
      }
      last.close();
    }
    return undefined;
  }

  /** Has one stand until it is taken, or closed by either side. */
  keep(place: string, connection: HttpConnection): void {
    const kept = this.#places.get(place) ?? [];
    if (kept.length < MOST_OF_A_PLACE && connection.stands) {
      this.#places.set(place, [...kept, connection]);
    } else {
      connection.close();
    }
  }

  /** To be called for each that was closed: nothing of it stays. */
  forget(place: string, closed: HttpConnection): void {
    const kept = this.#places.get(place)?.filter((connection) => connection !== closed) ?? [];
    if (kept.length > 0) {
      this.#places.set(place, kept);
    } else {
      this.#places.delete(place);
    }
  }
}
