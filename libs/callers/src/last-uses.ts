import { atMost, errorFacts, type Log } from '@app/common';
import { LRUCache } from 'lru-cache';

/** Where the last use of keys is stored. */
export interface LastUseStore {
  recordUse(keyIds: readonly string[]): Promise<void>;
}

const COARSENESS_MS = 60_000;
const MOST_KEYS = 10_000;

/** Notes when keys were last used, at most once a minute each, and stores it later: no request waits for it or fails with it. */
export class LastUses {
  private readonly noted = new LRUCache<string, number>(atMost(MOST_KEYS));
  private readonly pending = new Set<string>();

  constructor(
    private readonly store: LastUseStore,
    private readonly log: Log,
  ) {}

  /** `now` in epoch milliseconds. */
  note(keyId: string, now: number): void {
    const last = this.noted.get(keyId);
    if (last === undefined || now - last >= COARSENESS_MS) {
      this.noted.set(keyId, now);
      this.pending.add(keyId);
    }
  }

  /** Stores what was noted since the last time. Never rejects: what cannot be stored is said in the log and dropped. */
  async flush(): Promise<void> {
    const keyIds = [...this.pending];
    this.pending.clear();
    if (keyIds.length === 0) {
      return;
    }
    try {
      await this.store.recordUse(keyIds);
    } catch (error) {
      this.log.warn('The last use of API keys could not be recorded.', { count: keyIds.length, ...errorFacts(error) });
    }
  }
}
