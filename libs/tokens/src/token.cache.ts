import { Inject, Injectable } from '@nestjs/common';
import type { ConnectionName } from '@app/common';
import { Config } from '@app/config';
import { type ChangedConnection, type Connection, ConnectionFeed, type Touched } from '@app/connections';
import { LRUCache } from 'lru-cache';
import { getHeapStatistics } from 'node:v8';
import { cacheEntries } from './tokens.metrics.js';

const MB = 2 ** 20;
/** What is held must not crowd out the work, whatever was configured. */
const MOST_OF_HEAP = 0.5;

/** Where the cache hears of changes. */
type ConnectionNews = Pick<ConnectionFeed, 'onChange' | 'onRenewed' | 'isCurrent'>;

const keyOf = ({ provider, connection }: ConnectionName): string => `${provider}/${connection}`;

/**
 * Connections with their tokens opened, so that a cached read writes, locks and decrypts nothing. Bounded by the memory that they
 * take (TOKEN_CACHE_MB), the longest unused go first. Forgets what an administrative change touched, and what another replica renewed;
 * gives nothing while it is not known what was touched.
 */
@Injectable()
export class TokenCache {
  readonly #entries: LRUCache<string, Connection>;
  #epoch = 0;
  /** Changes of which it is not known yet what they touched. */
  #doubts = 0;

  constructor(
    @Inject(ConnectionFeed) private readonly feed: ConnectionNews,
    @Inject(Config) { tokenCacheMb }: Pick<Config, 'tokenCacheMb'>,
  ) {
    const maxSize = Math.min(tokenCacheMb * MB, Math.floor(getHeapStatistics().heap_size_limit * MOST_OF_HEAP));
    this.#entries = new LRUCache({ maxSize, sizeCalculation: ({ heldBytes }) => heldBytes });
    feed.onChange((touched) => void this.#doubt(touched));
    feed.onRenewed(
      (changed) => (changed === undefined ? this.clear() : this.#forget(changed)),
      () => this.#entries.size > 0,
    );
  }

  /** The connection as it was last seen; undefined where it is not held or might have changed unnoticed. */
  find(name: ConnectionName): Connection | undefined {
    return this.#doubts === 0 && this.feed.isCurrent() ? this.#entries.get(keyOf(name)) : undefined;
  }

  /** To be taken before a connection is read from the database and given to `put` with it. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Holds a connection, unless something changed since `epoch`: what was read before is then not trusted. */
  put(connection: Connection, epoch: number): void {
    const held = this.#entries.get(keyOf(connection));
    if (epoch === this.#epoch && (held === undefined || held.generation <= connection.generation)) {
      this.#entries.set(keyOf(connection), connection);
      cacheEntries.set(this.#entries.size);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#epoch += 1;
    this.#entries.clear();
    cacheEntries.set(0);
  }

  /** What was read before the change and arrives after it is not held; what is held is not given until it is known to be untouched. */
  async #doubt(touched: () => Promise<Touched>): Promise<void> {
    this.#epoch += 1;
    if (this.#entries.size === 0) {
      return;
    }
    this.#doubts += 1;
    const names = await touched().catch(() => undefined);
    this.#doubts -= 1;
    if (names === undefined) {
      this.clear();
    } else {
      names.forEach((name) => this.#entries.delete(keyOf(name)));
      cacheEntries.set(this.#entries.size);
    }
  }

  #forget(changed: readonly ChangedConnection[]): void {
    for (const { changedAt, ...name } of changed) {
      if (this.#entries.peek(keyOf(name))?.changedAt !== changedAt) {
        this.#entries.delete(keyOf(name));
      }
    }
  }
}
