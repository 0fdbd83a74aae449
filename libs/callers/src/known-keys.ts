import { atMost } from '@app/common';
import { LRUCache } from 'lru-cache';
import type { Caller } from './caller.js';
import type { KnownKey } from './known-key.js';

/** Where keys are looked up that are not held here. */
export interface KeySource<Known = KnownKey> {
  findKey(keyId: string): Promise<Known | undefined>;
}

/** News of administrative changes, this replica's and others'. */
export interface Changes {
  /** Calls `listener` whenever something may have changed. */
  onChange(listener: () => void): void;
  /** False while the news may be older than 2 s. */
  isCurrent(): boolean;
  /** The newest change mark that was heard of. */
  readonly mark: string | undefined;
}

const MOST_KEYS = 10_000;
const MOST_UNKNOWN_IDS = 10_000;

/**
 * Keys that were looked up lately, in bounded memory; ids that do not exist have their own bound, so that guessing does not
 * push out real ones. What it answers is at most as old as the news of changes, else the source is asked.
 */
export class KnownKeys<Known extends { readonly caller: Caller } = KnownKey> {
  private readonly known = new LRUCache<string, Known>(atMost(MOST_KEYS));
  private readonly unknown = new LRUCache<string, true>(atMost(MOST_UNKNOWN_IDS));
  private readonly flights = new Map<string, Promise<Known | undefined>>();
  private epoch = 0;

  constructor(
    private readonly source: KeySource<Known>,
    private readonly changes: Changes,
  ) {
    changes.onChange(() => this.forget());
  }

  /** The key of this id where it is held and what is held is current; nothing is looked up. */
  findHeld(keyId: string): Known | undefined {
    return this.changes.isCurrent() ? this.known.get(keyId) : undefined;
  }

  /** The key of this id, or undefined where there is none. Many who ask at once cause one look-up. */
  async find(keyId: string): Promise<Known | undefined> {
    if (this.changes.isCurrent()) {
      const key = this.known.get(keyId);
      if (key !== undefined || this.unknown.get(keyId) === true) {
        return key;
      }
    }
    return this.flights.get(keyId) ?? this.load(keyId);
  }

  /** Forgets everything, at once: called after each change of a caller or key. */
  forget(): void {
    this.epoch += 1;
    this.known.clear();
    this.unknown.clear();
    this.flights.clear();
  }

  private load(keyId: string): Promise<Known | undefined> {
    const flight = this.lookUp(keyId).finally(() => {
      if (this.flights.get(keyId) === flight) {
        this.flights.delete(keyId);
      }
    });
    this.flights.set(keyId, flight);
    return flight;
  }

  private async lookUp(keyId: string): Promise<Known | undefined> {
    const { epoch } = this;
    const { mark: asOf } = this.changes;
    const found = await this.source.findKey(keyId);
    const key = found && { ...found, caller: { ...found.caller, asOf } };
    // What was read before a change must not be kept after it.
    if (epoch === this.epoch) {
      this.keep(keyId, key);
    }
    return key;
  }

  private keep(keyId: string, key: Known | undefined): void {
    if (key === undefined) {
      this.unknown.set(keyId, true);
    } else {
      this.known.set(keyId, key);
    }
  }
}
